namespace SharedState.Items.MySql;

/// <summary>
/// The collections of commits that were sent and not answered. Such a commit may still be under way on the server, or on its way to it, so
/// a read would tell what is about to change. It holds the locks of its rows until it is over: whoever gets one of them knows that.
/// </summary>
internal sealed class Doubts
{
    private readonly Lock _lock = new();

    /// <summary>The doubts of each collection, counted, so that one that comes up during a settlement is not settled with it.</summary>
    private readonly Dictionary<CollectionKey, int> _counts = [];

    public void Add(IEnumerable<CollectionKey> keys)
    {
        lock (_lock)
        {
            foreach (var key in keys) _counts[key] = _counts.GetValueOrDefault(key) + 1;
        }
    }

    /// <summary>Settles a collection's doubts, if there are any.</summary>
    /// <param name="key">The collection.</param>
    /// <param name="settle">Returns when the commit is over.</param>
    public async ValueTask SettleAsync(CollectionKey key, Func<Task> settle)
    {
        int count;
        lock (_lock)
        {
            if (_counts.Count == 0 || !_counts.TryGetValue(key, out count)) return;
        }
        await settle();
        lock (_lock)
        {
            if (_counts.GetValueOrDefault(key) == count) _counts.Remove(key);
        }
    }
}
