using Xunit;

namespace SharedState.Items.Conformance;

/// <summary>
/// The contract of a storage that several hosts use at a time, as tests: that of <see cref="IItemService"/>, and that of
/// <see cref="IItemFeed"/>. The test project of a plugin with a feed holds one subclass of this instead of
/// <see cref="ItemServiceConformance"/>.
/// </summary>
public abstract partial class ItemFeedConformance : ItemServiceConformance
{
    /// <summary>Collections whose names look alike to storages that fold or trim.</summary>
    private static readonly CollectionKey[] _keys = [new("app", "one"), new("app", "two"), new("App", "one"), new("app ", "one"), new("app", "o\u0308ne")];

    /// <summary>How long a test waits for what comes at once, on a machine that does much else.</summary>
    protected virtual TimeSpan Patience => TimeSpan.FromSeconds(10);

    /// <summary>Opens the storage several times, as hosts do that are one server.</summary>
    private async Task<IItemService[]> OpenAsync(int services)
    {
        var opened = new IItemService[services];
        for (var i = 0; i < services; i++) opened[i] = await OpenAsync();
        return opened;
    }

    private Watch NewWatch(IItemService service) => new(service, Patience);

    private static async Task<Copy[]> CopiesAsync(IItemService service, params CollectionKey[] keys)
    {
        var copies = new Copy[keys.Length];
        for (var i = 0; i < keys.Length; i++) copies[i] = await Copy.LoadAsync(service, keys[i]);
        return copies;
    }

    /// <summary>Reads the copies to the end, and asserts that they are then what is loaded.</summary>
    private async Task AssertReadToEndAsync(IItemService service, params Copy[] copies)
    {
        await Copy.ReadToEndAsync(service, copies);
        foreach (var copy in copies)
        {
            var collection = await LoadAsync(service, copy.Key);
            Assert.Equal(collection.Position, copy.Position);
            copy.Model.AssertEqual(collection, RemembersRemovals);
        }
    }

    private static async Task<IReadOnlyList<IReadOnlyList<ItemCommit>?>> ReadAsync(
        IItemService service,
        params CollectionPosition[] since) => await Assert.IsAssignableFrom<IItemFeed>(service).ReadAsync(since, CancellationToken.None);

    private static ItemUpdate InsertInto(CollectionKey key, params Item[] items) => new() { Key = key, Insert = items };

    /// <summary>The seed that SHAREDSTATE_SEED names, or another one each time; a failure names it.</summary>
    private static async Task SeededAsync(Func<Random, Task> run)
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("SHAREDSTATE_SEED"), out var given) ? given : Random.Shared.Next();
        try
        {
            await run(new Random(seed));
        }
        catch (Exception e)
        {
            throw new Xunit.Sdk.XunitException($"With the seed {seed}: {e.Message}", e);
        }
    }
}
