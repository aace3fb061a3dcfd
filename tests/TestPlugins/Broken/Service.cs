using System.Globalization;
using SharedState;
using SharedState.Items.Tests;

namespace TestPlugins;

/// <summary>A storage in memory that outlives its services, not its process, and breaks what <c>promise</c> or <c>fault</c> names.</summary>
public sealed class Service : IItemService
{
    private static readonly HashSet<string> Locks = [];
    private static readonly Dictionary<string, IItemService> Keepers = [];

    private IItemService _inner = new MemoryItemService();
    private string _name = "", _fault = "";
    private bool _open;

    public async ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop)
    {
        (_name, _fault) = (context.GetRequiredString("db_name"), context.GetString("fault", ""));
        if (_fault == "lock" && !Locks.Add(_name)) throw new ItemServiceException(ItemServiceFault.Unavailable, "another host has it open");
        if (_fault == "value") _ = int.Parse(context.GetString("size", "1"), CultureInfo.InvariantCulture);
        stop.ThrowIfCancellationRequested();

        // Whoever has it open keeps it from being forgotten.
        if (_fault != "forgets" && !Keepers.ContainsKey(_name)) await (Keepers[_name] = new MemoryItemService()).OpenAsync(context, stop);
        if (Enum.TryParse<Promise>(context.GetString("promise", ""), out var broken)) _inner = new BrokenItemService(_inner, broken);
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

    public async ValueTask DisposeAsync()
    {
        if (_fault == "closing") return;
        if (_open && _fault == "lock") Locks.Remove(_name);
        await _inner.DisposeAsync();
    }
}
