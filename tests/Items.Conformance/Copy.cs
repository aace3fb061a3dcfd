using Xunit;

namespace SharedState.Items.Conformance;

/// <summary>A collection as a host keeps it: loaded once, and brought further by what a feed tells.</summary>
internal sealed class Copy
{
    private Copy(StoredCollection collection, CollectionKey key)
    {
        Key = key;
        Position = collection.Position;
        Model = new Model(collection);
    }

    public CollectionKey Key { get; }

    public Position Position { get; private set; }

    public Model Model { get; private set; }

    /// <summary>What was told, in that order.</summary>
    public List<ItemCommit> Commits { get; } = [];

    /// <summary>How often the feed could not tell, so that the collection had to be loaded again.</summary>
    public int Reloads { get; private set; }

    public static async Task<Copy> LoadAsync(IItemService service, CollectionKey key) =>
        new(await service.LoadAsync(key, CancellationToken.None), key);

    /// <summary>Asks once for what came after the copies' positions, and applies it. Whether there was anything.</summary>
    public static async Task<bool> ReadAsync(IItemService service, IReadOnlyList<Copy> copies)
    {
        if (copies.Count == 0) return false;
        var since = copies.Select(copy => new CollectionPosition(copy.Key, copy.Position)).ToArray();
        var answers = await Assert.IsAssignableFrom<IItemFeed>(service).ReadAsync(since, CancellationToken.None);
        Assert.Equal(since.Length, answers.Count);
        for (var i = 0; i < answers.Count; i++)
        {
            if (answers[i] is { } commits) copies[i].Apply(commits);
            else await copies[i].ReloadAsync(service);
        }
        return answers.Any(commits => commits is not { Count: 0 });
    }

    /// <summary>Reads on until nothing new comes, while nobody writes.</summary>
    public static async Task ReadToEndAsync(IItemService service, params Copy[] copies)
    {
        if (!await ReadAsync(service, copies)) return;
        var reloads = copies.Sum(copy => copy.Reloads);
        while (await ReadAsync(service, copies))
            Assert.True(reloads == copies.Sum(copy => copy.Reloads), "A part was told, and the rest is not.");
    }

    private void Apply(IReadOnlyList<ItemCommit> commits)
    {
        foreach (var commit in commits)
        {
            var update = commit.Update;
            Assert.Equal(Key, update.Key);
            Assert.Equal(Position.Revision + 1, commit.Revision);
            Assert.False(update.Reset && update.Remove.Count > 0, "What resets has nothing to remove.");
            string[] ids = [.. update.Remove, .. update.Insert.Select(item => item.Id)];
            Assert.Equal(ids.Length, ids.Distinct(StringComparer.Ordinal).Count());

            Position = Position with { Revision = commit.Revision };
            Model.Apply(update, new CommitResult(CommitStatus.Committed, Position));
            Commits.Add(commit);
        }
    }

    private async Task ReloadAsync(IItemService service)
    {
        var collection = await service.LoadAsync(Key, CancellationToken.None);
        Position = collection.Position;
        Model = new Model(collection);
        Reloads++;
    }
}
