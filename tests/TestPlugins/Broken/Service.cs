using System.Globalization;
using SharedState;
using SharedState.Items.Tests;

namespace TestPlugins;

/// <summary>A storage in memory that outlives its services, not its process, with a feed; it breaks what <c>promise</c>, <c>feed</c> or
/// <c>fault</c> names.</summary>
public sealed class Service : IItemService, IItemFeed
{
    private static readonly HashSet<string> Locks = [];
    private static readonly Dictionary<string, IItemService> Keepers = [];

    private readonly MemoryItemService _memory = new();

    private IItemService _inner;
    private IItemFeed _feed;
    private string _name = "", _fault = "";
    private bool _open;

    public Service()
    {
        _inner = _memory;
        _feed = _memory;
    }

    public async ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop)
    {
        (_name, _fault) = (context.GetRequiredString("db_name"), context.GetString("fault", ""));
        if (_fault == "lock" && !Locks.Add(_name)) throw new ItemServiceException(ItemServiceFault.Unavailable, "another host has it open");
        if (_fault == "value") _ = int.Parse(context.GetString("size", "1"), CultureInfo.InvariantCulture);
        stop.ThrowIfCancellationRequested();

        // Whoever has it open keeps it from being forgotten.
        if (_fault != "forgets" && !Keepers.ContainsKey(_name)) await (Keepers[_name] = new MemoryItemService()).OpenAsync(context, stop);
        if (Enum.TryParse<Promise>(context.GetString("promise", ""), out var broken)) _inner = new BrokenItemService(_inner, broken);
        if (Enum.TryParse<FeedPromise>(context.GetString("feed", ""), out var told))
        {
            var feed = new BrokenItemFeed(_memory, told);
            _inner = feed;
            _feed = feed;
        }
        await _inner.OpenAsync(context, stop);
        _open = true;
    }

    public ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop) => _inner.LoadAsync(key, stop);

    public ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop)
    {
        if (_fault == "hangs" || (_fault == "cancel" && stop.IsCancellationRequested)) Thread.Sleep(Timeout.Infinite);
        if (_fault == "process" && batch.Count > 1) Environment.FailFast("a thread of its own threw");
        return _inner.CommitAsync(batch, stop);
    }

    public IAsyncEnumerable<CollectionKey> ListAsync(string? app, CancellationToken stop) => _inner.ListAsync(app, stop);

    public IAsyncEnumerable<IReadOnlyList<CollectionPosition>> WatchAsync(CancellationToken stop) => _feed.WatchAsync(stop);

    public ValueTask<IReadOnlyList<IReadOnlyList<ItemCommit>?>> ReadAsync(
        IReadOnlyList<CollectionPosition> since, CancellationToken stop) => _feed.ReadAsync(since, stop);

    public async ValueTask DisposeAsync()
    {
        if (_fault == "closing") return;
        if (_open && _fault == "lock") Locks.Remove(_name);
        await _inner.DisposeAsync();
    }
}
