using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using SharedState;

namespace Acme.Items.Files;

/// <summary>Stores a service's items in the folder that <c>db_name</c> names, each collection in a file of readable JSON. All of it is in
/// memory too.</summary>
public sealed class FilesItemService : IItemService
{
    private readonly Lock _lock = new();
    private ImmutableDictionary<CollectionKey, Collection> _collections = ImmutableDictionary<CollectionKey, Collection>.Empty;
    private Folder? _folder;
    private string _epoch = "";
    private bool _inDoubt;

    public ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        context.GetRequiredString("db_name");
        lock (_lock)
        {
            _folder = Folder.Open(context.GetPath("db_name")!);
            _collections = _folder.Read();
            _epoch = _folder.TakeEpoch() ?? $"{Guid.NewGuid():N}";
        }
        return default;
    }

    public ValueTask<IReadOnlyList<StorageChange>?> PlanAsync(ItemServiceContext context, CancellationToken stop)
    {
        context.GetRequiredString("db_name");
        return new(Folder.Plan(context.GetPath("db_name")!));
    }

    public ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop)
    {
        lock (_lock)
        {
            Opened(stop);
            var collection = Find(_collections, key);
            var items = collection.Items.Values.ToArray();
            // Removals are not remembered: who was away for one gets the whole collection.
            return new(new StoredCollection(At(collection), items) { HistoryStart = collection.LastRemoval });
        }
    }

    public ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop)
    {
        lock (_lock)
        {
            var folder = Opened(stop);
            var (after, changed, results) = (_collections, new HashSet<CollectionKey>(), new List<CommitResult>());
            foreach (var update in batch)
            {
                var before = Find(after, update.Key);
                var conflict = update.Expected is { } expected && expected != At(before);
                var now = conflict ? before : before.With(update);
                if (now != before) changed.Add(update.Key);
                after = after.SetItem(update.Key, now);
                results.Add(new(conflict ? CommitStatus.Conflict : now != before ? CommitStatus.Committed : CommitStatus.Unchanged,
                    At(now)));
            }

            if (changed.Count > 0) Write(folder, [.. changed.Select(key => after[key])]);
            _collections = after;
            return new(results);
        }
    }

    public async IAsyncEnumerable<CollectionKey> ListAsync(string? app, [EnumeratorCancellation] CancellationToken stop)
    {
        ImmutableDictionary<CollectionKey, Collection> collections;
        lock (_lock)
        {
            Opened(stop);
            collections = _collections;
        }
        foreach (var (key, collection) in collections)
        {
            if (collection.Items.Count > 0 && (app is null || app == key.App)) yield return key;
        }
        await Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            using var folder = _folder;
            _folder = null;
            if (!_inDoubt && _epoch.Length > 0) folder?.LeaveEpoch(_epoch);
        }
        return default;
    }

    /// <summary>Stores a commit. What fails before it is decided has not happened; after that nobody knows before the folder is read
    /// again.</summary>
    private void Write(Folder folder, Collection[] changed)
    {
        try
        {
            folder.Prepare(changed);
            _inDoubt = true;
            folder.Decide(changed);
            _inDoubt = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ItemServiceException(
                _inDoubt ? ItemServiceFault.OutcomeUnknown : ItemServiceFault.Unavailable, $"the folder cannot be written to: {e.Message}",
                e);
        }
    }

    private Folder Opened(CancellationToken stop)
    {
        if (stop.IsCancellationRequested) throw new ItemServiceException(ItemServiceFault.Unavailable, "cancelled before it began");
        var folder = _folder ?? throw new ItemServiceException(ItemServiceFault.Unavailable, "the service is closed");
        if (!_inDoubt) return folder;
        _collections = folder.Read();
        _inDoubt = false;
        return folder;
    }

    private Position At(Collection collection) => new(_epoch, collection.Revision);

    private static Collection Find(ImmutableDictionary<CollectionKey, Collection> collections, CollectionKey key) =>
        collections.GetValueOrDefault(key) ?? new(key);
}
