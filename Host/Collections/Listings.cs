using SharedState.Host.Storages;

namespace SharedState.Host.Collections;

/// <summary>
/// The names of collections by app: read on request, once for all requests that arrive meanwhile, and cached until a collection of the app
/// appears or vanishes. Touched by the service's turns only.
/// </summary>
internal sealed class Listings(ServiceStorage storage, Limits limits, MemoryShare memory, Action<Work> post)
{
    private readonly Dictionary<string, CollectionNames> _known = [];

    // The requests that each running reading answers. A later request joins them unless a collection appeared or vanished since.
    private readonly Dictionary<string, List<PendingListing>> _reads = [];

    /// <summary>Whether the service learns of each collection that appears or vanishes.</summary>
    public required Func<bool> MayKeep { private get; init; }

    /// <summary>Gets each listing that was read for a request, or the reason for a failure.</summary>
    public required Action<PendingListing, CollectionNames?, Error> WasRead { private get; init; }

    /// <summary>The names of an app's collections, if they are known.</summary>
    public CollectionNames? TryFind(string app)
    {
        if (_known.Count > 0 && !MayKeep()) ForgetAll();
        return _known.GetValueOrDefault(app);
    }

    /// <summary>Reads the names of an app's collections for a request.</summary>
    public void Read(PendingListing listing)
    {
        var app = listing.Key.App;
        if (_reads.TryGetValue(app, out var waiting))
        {
            waiting.Add(listing);
            return;
        }
        _reads.Add(app, waiting = [listing]);
        _ = ReadAsync(app, waiting, listing.Lane);
    }

    /// <summary>A collection of an app has appeared or vanished. A running reading may be older.</summary>
    public void Forget(string app)
    {
        if (_known.Remove(app, out var names)) Charge(-names.Bytes);
        _reads.Remove(app);
    }

    /// <summary>Any collection may have appeared or vanished.</summary>
    public void ForgetAll()
    {
        foreach (var names in _known.Values) Charge(-names.Bytes);
        _known.Clear();
        _reads.Clear();
    }

    private async Task ReadAsync(string app, List<PendingListing> waiting, Lane client)
    {
        CollectionNames? names = null;
        try
        {
            names = await storage.ListAsync(app, client);
        }
        catch (ItemServiceException exception)
        {
            WriterLog.ListFailed(storage.Logger, storage.ServiceName, WriterLog.Reason(exception), WriterLog.Trace(exception));
        }
        post(new Step(() => Finish(app, waiting, names)));
    }

    private void Finish(string app, List<PendingListing> waiting, CollectionNames? names)
    {
        var error = Error.StorageAway;
        if (names is not null && !memory.HasRoom(names.Bytes))
        {
            WriterLog.NoMemory(storage.Logger, storage.ServiceName, limits.Memory.Limit);
            (names, error) = (null, Error.Memory);
        }
        var current = _reads.GetValueOrDefault(app) == waiting;
        if (current) _reads.Remove(app);
        if (names is not null)
        {
            limits.Memory.Note(names.Text); // any number of connections may send it
            if (current && MayKeep() && _known.TryAdd(app, names)) Charge(names.Bytes);
        }
        foreach (var listing in waiting) WasRead(listing, names, error);
    }

    private void Charge(long bytes)
    {
        limits.Memory.Charge(bytes);
        memory.Charge(bytes);
    }
}
