namespace SharedState.Items.Conformance;

/// <summary>A <see cref="TimedService"/> of a service that is a feed.</summary>
internal sealed class TimedFeed(IItemService inner, TimeSpan limit) : TimedService(inner, limit), IItemFeed
{
    private IItemFeed Feed => (IItemFeed)Inner;

    public IAsyncEnumerable<IReadOnlyList<CollectionPosition>> WatchAsync(CancellationToken stop) => Feed.WatchAsync(stop);

    public async ValueTask<IReadOnlyList<IReadOnlyList<ItemCommit>?>> ReadAsync(
        IReadOnlyList<CollectionPosition> since, CancellationToken stop) =>
        await InTimeAsync("ReadAsync", () => Feed.ReadAsync(since, stop));
}
