namespace SharedState.Host.Collections;

/// <summary>The counters of a service, for the metrics. Written in the service's turns; any thread may read them.</summary>
internal sealed class ServiceCounts
{
    private long _subscriptions, _views, _lagging, _items, _itemBytes, _updates, _deliveries, _differences, _wholes, _ended;

    public long Subscriptions => Volatile.Read(ref _subscriptions);

    /// <summary>Views with subscriptions, without those of a whole collection.</summary>
    public long Views => Volatile.Read(ref _views);

    /// <summary>Subscriptions that are behind and wait for a merged difference.</summary>
    public long Lagging => Volatile.Read(ref _lagging);

    /// <summary>Items of the collections in memory.</summary>
    public long Items => Volatile.Read(ref _items);

    /// <summary>The bytes of the collections in memory, as they count against the budget of memory.</summary>
    public long ItemBytes => Volatile.Read(ref _itemBytes);

    /// <summary>Updates of this host's clients that were stored.</summary>
    public long Updates => Volatile.Read(ref _updates);

    /// <summary>Notices that were handed to subscriptions.</summary>
    public long Deliveries => Volatile.Read(ref _deliveries);

    /// <summary>Subscriptions that began with a position and were given the difference from there.</summary>
    public long Differences => Volatile.Read(ref _differences);

    /// <summary>Subscriptions that began with a position and needed the whole collection.</summary>
    public long Wholes => Volatile.Read(ref _wholes);

    /// <summary>Items that the host removed at the end of their lifetime.</summary>
    public long Ended => Volatile.Read(ref _ended);

    public void AddSubscriptions(int change) => _subscriptions += change;

    public void AddViews(int change) => _views += change;

    public void AddLagging(int change) => _lagging += change;

    public void AddItems(long items, long bytes) => (_items, _itemBytes) = (_items + items, _itemBytes + bytes);

    public void AddUpdates(int count) => _updates += count;

    public void AddEnded(int items) => _ended += items;

    public void AddDelivery() => _deliveries++;

    public void AddResume(bool difference)
    {
        if (difference) _differences++;
        else _wholes++;
    }
}
