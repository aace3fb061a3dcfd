using SharedState.Host.Storages;

namespace SharedState.Host.Collections;

/// <summary>
/// The commits of other hosts to the same storage: asks about the collections in memory that are behind, and brings them up to date.
/// Without a feed, a collection that turns out to be behind is read as a whole. Touched by the service's turns only.
/// </summary>
internal sealed class Feed
{
    /// <summary>The maximum number of collections in one call of the plugin.</summary>
    public const int CollectionsPerRead = 1_000;

    // A list comes at least once a second and confirms the state at the time of the request: an age of two seconds is normal.
    private static readonly TimeSpan FreshTime = TimeSpan.FromSeconds(3);

    private readonly ServiceStorage _storage;
    private readonly CollectionCache _collections;
    private readonly TimeProvider _time;
    private readonly Action<Work> _post;
    private readonly FeedWatch _watch;
    private readonly HashSet<Collection> _behind = []; // to be asked about
    private Inquiry[] _asked = []; // while the plugin is asked about them
    private bool _paused;
    private bool _following;   // lists come
    private bool _silent;      // and had not come for long
    private long _confirmedAt; // nothing that was committed until then is missing, by the monotonic clock

    /// <param name="storage">The storage.</param>
    /// <param name="collections">The collections in memory.</param>
    /// <param name="time">The time.</param>
    /// <param name="post">Hands work to a turn.</param>
    /// <param name="stop">The service ends.</param>
    public Feed(ServiceStorage storage, CollectionCache collections, TimeProvider time, Action<Work> post, CancellationToken stop)
    {
        (_storage, _collections, _time, _post) = (storage, collections, time, post);
        _watch = new(storage, time, heard => post(new Step(() => Hear(heard))), () => post(new Step(Lose)), stop);
    }

    /// <summary>Gets the collections that can be served again, with a reason to doubt the outcome of their updates.</summary>
    public required Action<Collection> Settled { private get; init; }

    /// <summary>The known names of collections.</summary>
    public required Listings Listings { private get; init; }

    /// <summary>Whether the host receives each commit of other hosts, or is the only host.</summary>
    public bool IsCurrent => _following || !_storage.HasFeed;

    /// <summary>The maximum delay of commits of other hosts; null without a feed, and before its first list. Any thread.</summary>
    public TimeSpan? Delay =>
        _storage.HasFeed && Volatile.Read(ref _confirmedAt) is not 0 and var confirmed ? _time.GetElapsedTime(confirmed) : null;

    /// <summary>The storage is open: from now on, the feed follows the commits of other hosts.</summary>
    public void Start()
    {
        (_following, _paused) = (false, false);
        Listings.ForgetAll();
        if (_storage.HasFeed) _watch.Begin();
    }

    /// <summary>Lets go of the storage, until the next start.</summary>
    public void Pause()
    {
        (_following, _paused) = (false, true);
        _watch.Stop();
    }

    /// <summary>Completes when the feed has stopped, after a pause or at the end of the service.</summary>
    public Task EndAsync() => _watch.EndAsync();

    /// <summary>
    /// If the last list is too old, this host was suspended or cut off: no collection is served until the host has asked for the missing
    /// commits.
    /// </summary>
    public void CheckFresh()
    {
        if (!_following || _time.GetElapsedTime(_confirmedAt) < FreshTime) return;
        (_following, _silent) = (false, true);
        WriterLog.FeedSilent(_storage.Logger, _storage.ServiceName, FreshTime.TotalSeconds);
        foreach (var collection in _collections.All)
        {
            if (collection.Standing.TryHold(_time.GetTimestamp())) _behind.Add(collection);
        }
        Ask();
    }

    /// <summary>Looks whether a collection is behind what was heard of it.</summary>
    public void Heed(Collection collection)
    {
        if (collection.Standing.IsBehind(collection.Position)) _behind.Add(collection);
    }

    /// <summary>A client reports its position. A client that comes from another host may know more than this host, which then asks before
    /// it serves the client.</summary>
    public void Heed(Collection collection, Position known)
    {
        if (_following && collection.IsBehind(known)) BringUp(collection);
    }

    /// <summary>Asks about the collections that are behind, unless the answer to another inquiry is awaited.</summary>
    public void Ask()
    {
        if (_asked.Length > 0 || _paused) return; // one inquiry at a time
        _behind.RemoveWhere(collection => !collection.Standing.WasRead); // is read as a whole
        if (_behind.Count == 0) return;
        _asked = [.. _behind.Take(CollectionsPerRead).Select(collection => collection.Standing.Ask(collection))];
        foreach (var inquiry in _asked) _behind.Remove(inquiry.Collection);
        _ = ReadAsync(_asked);
    }

    /// <summary>Brings a collection up to date; it is not served before.</summary>
    /// <param name="collection">The collection.</param>
    /// <param name="aim">Its minimum position, by a result of storage; null if the distance is unknown.</param>
    public void BringUp(Collection collection, Position? aim = null)
    {
        var now = _time.GetTimestamp();
        if (collection.State == CollectionState.Behind && aim is { } position) collection.Standing.Aim(position);
        else if (collection.State == CollectionState.Behind) Doubt(collection, now); // the awaited answer may be older than this
        if (collection.State != CollectionState.Loaded) return;            // is on its way, or away
        if (!_storage.HasFeed)
        {
            _collections.Load(collection);
            return;
        }
        collection.Standing.TryHold(now, aim);
        _behind.Add(collection);
        Ask();
    }

    /// <summary>Other hosts may have committed.</summary>
    private void Hear(FeedList heard)
    {
        if (_silent) WriterLog.FeedHeard(_storage.Logger, _storage.ServiceName);
        (_following, _silent, _confirmedAt) = (true, false, heard.AskedAt);
        if (heard.First)
        {
            Listings.ForgetAll();
            foreach (var collection in _collections.All) Doubt(collection, _time.GetTimestamp(), unconfirmed: true);
        }
        foreach (var (key, position) in heard.Positions)
        {
            if (_collections.TryFind(key) is not { } collection)
            {
                Listings.Forget(key.App); // it may have appeared or vanished
                continue;
            }
            collection.Standing.Hear(position);
            collection.Standing.Confirm(heard.AskedAt, named: true);
            // The host's own commit is in a list, too, often before its outcome is known.
            if (collection.PendingUpdates == 0) Heed(collection);
        }
        foreach (var collection in _behind) collection.Standing.Confirm(heard.AskedAt);
        foreach (var inquiry in _asked) inquiry.Collection.Standing.Confirm(heard.AskedAt);
        Ask();
    }

    /// <summary>The feed was lost. Until the storage is back, collections are served as they are, unless they may already be
    /// stale.</summary>
    private void Lose()
    {
        CheckFresh();
        (_following, _silent) = (false, false); // from here on the watch tells when it is over
    }

    private async Task ReadAsync(Inquiry[] inquiries)
    {
        try
        {
            var commits = await _storage.ReadCommitsAsync([.. inquiries.Select(inquiry => inquiry.Since)]);
            _post(new Step(() => Take(inquiries, commits)));
        }
        catch (ItemServiceException exception)
        {
            _post(new Step(() => Fail(inquiries, exception)));
        }
    }

    /// <summary>Takes the commits of other hosts: brings collections up to date, and asks again where there may be further
    /// commits.</summary>
    private void Take(Inquiry[] inquiries, IReadOnlyList<IReadOnlyList<ItemCommit>?> commits)
    {
        _asked = [];
        for (var index = 0; index < inquiries.Length; index++)
        {
            if (TryTake(inquiries[index], commits[index])) Settled(inquiries[index].Collection);
        }
        Ask();
    }

    private bool TryTake(Inquiry inquiry, IReadOnlyList<ItemCommit>? commits)
    {
        var collection = inquiry.Collection;
        if (!collection.Standing.TryClose(inquiry)) return false; // was read as a whole meanwhile
        try
        {
            return TryApply(inquiry, commits);
        }
        catch (Exception exception)
        {
            _collections.Fail(collection, exception);
            return false;
        }
    }

    private bool TryApply(Inquiry inquiry, IReadOnlyList<ItemCommit>? commits)
    {
        var collection = inquiry.Collection;

        // :: 1. Without the commits, the collection is read as a whole.
        if (commits is null || !commits.All(commit => collection.TryReceive(commit.Update, commit.Revision)))
        {
            _collections.Load(collection);
            return false;
        }
        collection.TellOthers();

        // :: 2. There may be more: of many commits the newest may have been omitted.
        collection.Standing.Reach(inquiry, empty: commits.Count == 0);
        if (collection.Standing.Doubted) _behind.Add(collection);
        Heed(collection);
        if (collection.State == CollectionState.Behind && !collection.Standing.MayBeServed(collection.Position))
        {
            _behind.Add(collection);
            return false;
        }
        collection.BringUp();
        return true;
    }

    /// <summary>
    /// Storage is away: every collection that is held back is served as it is, unless a commit is known to be missing. The next list causes
    /// a new inquiry; without a list there is no storage to ask.
    /// </summary>
    private void Fail(Inquiry[] inquiries, ItemServiceException failure)
    {
        _asked = [];
        var now = _time.GetTimestamp();
        WriterLog.FeedFailed(_storage.Logger, _storage.ServiceName, WriterLog.Reason(failure), WriterLog.Trace(failure));
        foreach (var inquiry in inquiries)
        {
            if (inquiry.Collection.Standing.TryClose(inquiry)) Doubt(inquiry.Collection, now);
        }
        foreach (var collection in _collections.All.Where(collection => collection.State == CollectionState.Behind).ToArray())
        {
            if (collection.Unsettled.Count > 0)
            {
                _collections.Load(collection);
                continue;
            }
            collection.BringUp();
            Doubt(collection, now);
            Settled(collection);
        }
    }

    /// <summary>How far the collection is behind is not known: it is asked about until nothing comes.</summary>
    private void Doubt(Collection collection, long now, bool unconfirmed = false)
    {
        if (!collection.Standing.WasRead) return;
        collection.Standing.Doubt(now, unconfirmed);
        _behind.Add(collection);
    }
}
