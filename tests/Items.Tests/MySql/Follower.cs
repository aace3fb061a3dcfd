using System.Text;
using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>
/// What a host does with a feed: watches it, keeps where collections stand, and reads what it lacks of those that it has in memory.
/// </summary>
internal sealed class Follower(IItemService service) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private IAsyncEnumerator<IReadOnlyList<CollectionPosition>>? _lists;

    /// <summary>Where collections were last said to stand.</summary>
    public Dictionary<CollectionKey, Position> Told { get; } = [];

    /// <summary>What is in memory.</summary>
    public Dictionary<CollectionKey, (Position Position, Dictionary<string, string> Items)> Collections { get; } = [];

    /// <summary>Each update that was applied, as text.</summary>
    public Dictionary<(CollectionKey Key, Position Position), string> Applied { get; } = [];

    public int Loads { get; private set; }

    private IItemFeed Feed => (IItemFeed)service;

    /// <summary>The next list.</summary>
    public async Task<IReadOnlyList<CollectionPosition>> NextAsync()
    {
        _lists ??= Feed.WatchAsync(_stop.Token).GetAsyncEnumerator();
        Assert.True(await _lists.MoveNextAsync());
        foreach (var (key, position) in _lists.Current) Told[key] = position;
        return _lists.Current;
    }

    /// <summary>Asks for lists until one of them makes it true.</summary>
    public Task UntilAsync(Func<bool> condition, int seconds = 20) => UntilAsync(() => Task.FromResult(condition()), seconds);

    public async Task UntilAsync(Func<Task<bool>> condition, int seconds = 20)
    {
        for (var deadline = DateTime.UtcNow.AddSeconds(seconds); !await condition(); await NextAsync())
        {
            Assert.True(DateTime.UtcNow < deadline, "It was not told in time.");
        }
    }

    public Task<IReadOnlyList<IReadOnlyList<ItemCommit>?>> ReadAsync(params CollectionPosition[] since) =>
        Feed.ReadAsync(since, CancellationToken.None).AsTask();

    public async Task<IReadOnlyList<ItemCommit>?> ReadAsync(CollectionKey key, Position since) =>
        Assert.Single(await ReadAsync(new CollectionPosition(key, since)));

    /// <summary>Reads a collection into memory.</summary>
    public async Task LoadAsync(CollectionKey key)
    {
        Loads++;
        var loaded = await service.LoadAsync(key, CancellationToken.None);
        Collections[key] = (loaded.Position, loaded.Items.ToDictionary(item => item.Id, item => Text(item.Json)));
    }

    /// <summary>Brings what is in memory to where storage is.</summary>
    /// <param name="keys">The collections; null for all.</param>
    public async Task CatchUpAsync(IEnumerable<CollectionKey>? keys = null)
    {
        while (true)
        {
            CollectionPosition[] since =
            [
                .. (keys ?? Collections.Keys)
                    .Where(Collections.ContainsKey)
                    .Select(key => new CollectionPosition(key, Collections[key].Position)),
            ];
            if (since.Length == 0) return;
            var answers = await ReadAsync(since);
            Assert.Equal(since.Length, answers.Count);
            for (var i = 0; i < since.Length; i++)
            {
                if (answers[i] is null) await LoadAsync(since[i].Key);
                else foreach (var commit in answers[i]!) Apply(since[i].Key, commit);
            }
            if (answers.All(commits => commits is { Count: 0 })) return;
        }
    }

    /// <summary>Forgets the enumeration, as after an error, to begin a new one.</summary>
    public async Task RestartAsync()
    {
        if (_lists is not null) await _lists.DisposeAsync();
        _lists = null;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await RestartAsync();
        _stop.Dispose();
    }

    public static string Text(ReadOnlyMemory<byte> json) => Encoding.UTF8.GetString(json.Span);

    private void Apply(CollectionKey key, ItemCommit commit)
    {
        var (position, items) = Collections[key];
        Assert.Equal(position.Revision + 1, commit.Revision);
        Assert.Equal(key, commit.Update.Key);
        if (commit.Update.Reset) items.Clear();
        foreach (var id in commit.Update.Remove) Assert.True(items.Remove(id));
        foreach (var item in commit.Update.Insert) items[item.Id] = Text(item.Json);
        Collections[key] = (position with { Revision = commit.Revision }, items);
        Applied.Add(
            (key, Collections[key].Position),
            $"{commit.Update.Reset} -{string.Join(',', commit.Update.Remove)} "
                + $"+{string.Join(',', commit.Update.Insert.Select(item => Text(item.Json)))}");
    }
}
