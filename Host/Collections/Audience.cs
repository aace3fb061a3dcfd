using SharedState.Host.Contents;

namespace SharedState.Host.Collections;

/// <summary>
/// The subscriptions to a view of a collection. A current subscription receives each change unmodified. A subscription that is behind, or
/// requests merged changes, receives one difference as soon as there is room or time for it. Touched by the service's turns only.
/// </summary>
internal sealed class Audience(Bodies bodies, TurnQuota quota, TimeProvider time, ServiceCounts counts, SpareRuns runs)
{
    // A longer run is split into several notices, each of which a follower that is behind may refuse. Below the garbage collector's
    // threshold for large objects.
    private const int RunBytes = 64 << 10;

    // Before a subscription for which there was no memory is tried again.
    private static readonly TimeSpan MemoryTime = TimeSpan.FromSeconds(1);

    private readonly List<Subscription> _members = [];
    private Few<Notice> _noted;                // changes that were applied and are not told
    private Notice? _run;                      // the last of _noted, while it takes changes
    private Position? _toldUntil;              // while there are changes that are not told: what they build on
    private int _following;                    // how many get each change as it is
    private bool _distrusted;                  // until the collection is read again

    public int Count => _members.Count;

    /// <summary>Whether some subscriptions are current.</summary>
    public bool HasCurrent => _members.Exists(subscription => subscription.State == SubscriptionState.Current);

    public IReadOnlyList<Subscription> Members => _members;

    /// <summary>A subscription begins. It is served immediately, unless the collection is not loaded yet.</summary>
    public void Add(Subscription subscription, bool loaded)
    {
        subscription.Index = _members.Count;
        _members.Add(subscription);
        counts.AddSubscriptions(1);
        subscription.Resumes = subscription.Known is not null;
        subscription.Lane.Behind.Add(subscription);
        if (loaded) Feed(subscription, subscription.Known);
    }

    /// <summary>A subscription ends.</summary>
    public void Remove(Subscription subscription)
    {
        Set(subscription, SubscriptionState.Waiting);
        subscription.Lane.Behind.Remove(subscription);
        counts.AddSubscriptions(-1);
        var last = _members[^1];
        _members[subscription.Index] = last;
        last.Index = subscription.Index;
        _members.RemoveAt(_members.Count - 1);
        subscription.Collection = null;
        subscription.Timer?.Dispose();
        ReleaseReplies(subscription);
    }

    /// <summary>Notes an update that was applied, for <see cref="Tell"/>.</summary>
    /// <param name="before">The position of the collection before the update.</param>
    /// <param name="alone">Whether the update is so large that messages should share its text.</param>
    public void Note(Position before, bool alone)
    {
        if (_members.Count == 0) return;
        _toldUntil ??= before;
        if (_following == 0) return;
        if (!bodies.Reaches(before))
        {
            NoteReset(before);
            return;
        }
        if (alone)
        {
            _run = null;
            _noted.Add(bodies.Difference(before));
            return;
        }
        Run().Add(bodies, before);
        if (_run!.Bytes >= RunBytes) _run = null;
    }

    /// <summary>Notes a change of the view, for <see cref="Tell"/>.</summary>
    public void Note(ViewChange change)
    {
        if (_members.Count == 0) return;
        _toldUntil ??= change.Before;
        if (change.IsLarge)
        {
            _run = null;
            _noted.Add(bodies.Lasting(change));
            return;
        }
        Run().Add(change);
        if (_run!.Bytes >= RunBytes) _run = null;
    }

    /// <summary>Notes that all items of the collection were replaced, for <see cref="Tell"/>.</summary>
    /// <param name="before">The position of the collection before.</param>
    public void NoteReset(Position before)
    {
        if (_members.Count == 0) return;
        _toldUntil ??= before;
        if (_following == 0)
        {
            ForgetNoted(); // the merged difference contains more
            return;
        }
        _run = null;
        _noted.Add(bodies.Since(null));
    }

    /// <summary>Tells the noted changes to all current subscriptions.</summary>
    public void Tell()
    {
        if (_toldUntil is not { } before) return;
        _toldUntil = null;
        foreach (var subscription in _members)
        {
            if (subscription.Merges)
            {
                if (subscription.State == SubscriptionState.Current) FeedMerged(subscription, before);
                continue;
            }
            for (var n = 0; n < _noted.Count && subscription.State == SubscriptionState.Current; n++) Offer(subscription, _noted[n]);
        }
        ForgetNoted();
    }

    /// <summary>The collection was read: waiting subscriptions receive it, and subscriptions that were current are brought up to
    /// date.</summary>
    public void Loaded(Position? before)
    {
        _distrusted = false;
        foreach (var subscription in _members)
        {
            if (subscription.State == SubscriptionState.Waiting) Feed(subscription, subscription.Known);
            else if (subscription.State == SubscriptionState.Current && before is not null && before != bodies.Position)
                Feed(subscription, before);
        }
    }

    /// <summary>A notice may contain half of a change: every subscription receives the whole collection after it was read again.</summary>
    public void Distrust()
    {
        _toldUntil = null;
        _distrusted = true;
        ForgetNoted();
        foreach (var subscription in _members)
        {
            // The state of a follower that will ask, or is sending parts, does not change until it asks.
            if (subscription.State == SubscriptionState.Current) Set(subscription, SubscriptionState.Waiting);
            subscription.Known = null;
        }
    }

    /// <summary>
    /// The follower, or the rate, of a lagging subscription asks for the missed changes. The subscription receives the state in memory even
    /// while that state is in doubt: all of it is stored, and later changes come with the next notice.
    /// </summary>
    public void CatchUp(Subscription subscription, bool asked)
    {
        if (asked && subscription.State == SubscriptionState.Receiving) FinishReceiving(subscription);
        if (_distrusted && subscription.State == SubscriptionState.Lagging) Set(subscription, SubscriptionState.Waiting);
        var lags = subscription.State == SubscriptionState.Lagging && IsDue(subscription)
            && (asked ? !subscription.Follower.IsGone : subscription.Follower.IsReady());
        if (lags && MustWait(subscription.Known))
        {
            quota.Wait(new CatchingUp(subscription, asked));
            return;
        }
        var notice = lags && bodies.HasRoom(subscription.Known) ? bodies.Since(subscription.Known) : null;
        if (lags && notice is null) Postpone(subscription, subscription.Known);
        var delivery =
            asked ? subscription.Follower.TakeMissed(notice)
            : notice is null ? Delivery.Refused
            : subscription.Follower.Take(notice);
        if (notice is not null && delivery != Delivery.Refused) Given(subscription, notice, delivery);
    }

    private void FinishReceiving(Subscription subscription)
    {
        Release(subscription.CoveredReplies);
        subscription.CoveredReplies = null;
        if (_distrusted) Set(subscription, SubscriptionState.Waiting);
        else if (!bodies.IsCurrent(subscription.Known)) Set(subscription, SubscriptionState.Lagging);
        else BecomeCurrent(subscription);
    }

    /// <summary>Tells the noted changes to a subscription that requests merged changes.</summary>
    private void FeedMerged(Subscription subscription, Position before)
    {
        if (_noted is [{ Changes.Count: 1 } single] && single.Since == before && IsDue(subscription)) Offer(subscription, single);
        else Feed(subscription, before);
    }

    /// <summary>The run that takes the next change.</summary>
    private Notice Run()
    {
        if (_run is not null) return _run;
        _run = runs.Take();
        _noted.Add(_run);
        return _run;
    }

    /// <summary>No reply waits for the subscription any more.</summary>
    private static void ReleaseReplies(Subscription subscription)
    {
        var (covered, held) = (subscription.CoveredReplies, subscription.HeldReplies);
        if (covered is null && held is null) return;
        (subscription.CoveredReplies, subscription.HeldReplies) = (null, null);
        Release(covered);
        Release(held);
    }

    private static void Release(List<PendingUpdate>? updates)
    {
        if (updates is null) return;
        foreach (var update in updates) update.Release();
    }

    /// <summary>Brings a subscription from a position to the current one.</summary>
    private void Feed(Subscription subscription, Position? known)
    {
        if (!IsDue(subscription) || !subscription.Follower.IsReady())
        {
            Lag(subscription, known);
        }
        else if (MustWait(known))
        {
            Lag(subscription, known);
            quota.Wait(new CatchingUp(subscription, Asked: false));
        }
        else if (bodies.HasRoom(known))
        {
            Offer(subscription, bodies.Since(known));
        }
        else
        {
            Postpone(subscription, known);
        }
    }

    /// <summary>Whether a subscription needs a new text, and the quota of this turn is used up by this or another one.</summary>
    private bool MustWait(Position? known) => !bodies.IsMade(known) && (quota.Spent || !bodies.TryPrepare(known));

    private void Offer(Subscription subscription, Notice notice)
    {
        var delivery = subscription.Follower.Take(notice);
        if (delivery == Delivery.Refused) Lag(subscription, notice.Since);
        else Given(subscription, notice, delivery);
    }

    /// <summary>There is no memory for the text that the subscription needs: the subscription is served later.</summary>
    private void Postpone(Subscription subscription, Position? known)
    {
        Lag(subscription, known);
        subscription.DueAt = time.GetTimestamp() + (long)(MemoryTime.TotalSeconds * time.TimestampFrequency);
        IsDue(subscription);
    }

    private void Lag(Subscription subscription, Position? known)
    {
        Set(subscription, SubscriptionState.Lagging);
        subscription.Known = known;
    }

    private void Given(Subscription subscription, Notice notice, Delivery delivery)
    {
        counts.AddDelivery();
        if (subscription.Resumes) counts.AddResume(difference: notice.Since is not null);
        subscription.Resumes = false;
        if (delivery == Delivery.Taken)
        {
            BecomeCurrent(subscription);
        }
        else
        {
            Set(subscription, SubscriptionState.Receiving);
            subscription.Known = notice.Position;
            // The notice contains all updates that were told so far: their replies wait for its last part, and not for a later notice.
            (subscription.CoveredReplies, subscription.HeldReplies) = (subscription.HeldReplies, null);
        }
        if (subscription.MinInterval > TimeSpan.Zero)
            subscription.DueAt = time.GetTimestamp() + (long)(subscription.MinInterval.TotalSeconds * time.TimestampFrequency);
    }

    private void BecomeCurrent(Subscription subscription)
    {
        Set(subscription, SubscriptionState.Current);
        ReleaseReplies(subscription);
    }

    private void Set(Subscription subscription, SubscriptionState state)
    {
        if (subscription.State == state) return;
        if (state == SubscriptionState.Current) Count(1);
        else if (subscription.State == SubscriptionState.Current) Count(-1);
        if (state == SubscriptionState.Lagging) counts.AddLagging(1);
        else if (subscription.State == SubscriptionState.Lagging) counts.AddLagging(-1);
        subscription.State = state;

        void Count(int change)
        {
            if (!subscription.Merges) _following += change;
            if (change > 0) subscription.Lane.Behind.Remove(subscription);
            else subscription.Lane.Behind.Add(subscription);
        }
    }

    private void ForgetNoted()
    {
        _run = null;
        for (var n = 0; n < _noted.Count; n++)
        {
            if (!_noted[n].Lasting) runs.Give(_noted[n]);
        }
        _noted.Clear();
    }

    /// <summary>Whether the rate and the memory permit the next notice; if not, a timer is set.</summary>
    private bool IsDue(Subscription subscription)
    {
        if (subscription.DueAt == 0) return true;
        var early = subscription.DueAt - time.GetTimestamp();
        if (early <= 0) return true;
        var wait = TimeSpan.FromSeconds((double)early / time.TimestampFrequency);
        if (subscription.Timer is not null) subscription.Timer.Change(wait, Timeout.InfiniteTimeSpan);
        else
            subscription.Timer = time.CreateTimer(
                static state => ((Subscription)state!).Lane.Writer.Post(new CatchingUp((Subscription)state, Asked: false)), subscription,
                wait, Timeout.InfiniteTimeSpan);
        return false;
    }
}
