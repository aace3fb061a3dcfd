using SharedState.Host.Protocol;

namespace SharedState.Host.Collections;

/// <summary>
/// Who follows a collection. Each change goes, as it is, to those who are current; who is behind, or wants changes merged, gets one difference
/// when there is room or time for it. Touched by the writer's loop only.
/// </summary>
internal sealed class Audience(Bodies bodies, TimeProvider time)
{
    private readonly Dictionary<string, AudienceGroup> _groups = new(StringComparer.Ordinal); // by the spelling of the path
    private Position? _toldUntil; // while changes were noted that are not told: what they build on
    private int _behind;          // subscriptions that are not current

    public int Count { get; private set; }

    public IEnumerable<Subscription> Members => _groups.Values.SelectMany(group => group.Members);

    /// <summary>Someone follows: is fed at once, unless the collection is not there yet.</summary>
    public void Add(Subscription subscription, bool loaded)
    {
        if (!_groups.TryGetValue(subscription.Request.Spelling, out var group)) _groups.Add(subscription.Request.Spelling, group = new(subscription.Path));
        subscription.Index = group.Members.Count;
        subscription.Group = group;
        group.Members.Add(subscription);
        Count++;
        _behind++;
        if (loaded) Feed(subscription);
    }

    /// <summary>Someone follows no more.</summary>
    public void Remove(Subscription subscription)
    {
        var group = subscription.Group!;
        Set(subscription, SubscriptionState.Waiting);
        var last = group.Members[^1];
        group.Members[subscription.Index] = last;
        last.Index = subscription.Index;
        group.Members.RemoveAt(group.Members.Count - 1);
        if (group.Members.Count == 0) _groups.Remove(subscription.Request.Spelling);
        Count--;
        _behind--;
        (subscription.Collection, subscription.Group) = (null, null);
        subscription.Timer?.Dispose();
        ReleaseReplies(subscription);
    }

    /// <summary>Notes an update that was applied, for <see cref="Tell"/>.</summary>
    /// <param name="before">Where the collection stood.</param>
    /// <param name="alone">Whether it is large, or is told by the whole collection.</param>
    public void Note(Position before, bool alone)
    {
        if (Count == 0) return;
        _toldUntil ??= before;
        alone |= !bodies.Reaches(before);
        var changes = alone ? default : bodies.ChangesSince(before.Revision);
        foreach (var group in _groups.Values)
        {
            if (group.Followers == 0) continue;
            if (alone) group.AddAlone(bodies, before);
            else group.Add(bodies, before, changes);
        }
    }

    /// <summary>Tells everyone who is current what was noted.</summary>
    public void Tell()
    {
        if (_toldUntil is not { } before) return;
        _toldUntil = null;
        foreach (var group in _groups.Values)
        {
            group.Seal();
            foreach (var subscription in group.Members)
            {
                if (subscription.Merges)
                {
                    if (subscription.State == SubscriptionState.Current) Offer(subscription, bodies.FrameSince(before, subscription.Path), before);
                    continue;
                }
                foreach (var (frame, since) in group.Pieces)
                {
                    if (subscription.State == SubscriptionState.Current) Offer(subscription, frame, since);
                }
            }
            group.Pieces.Clear();
        }
    }

    /// <summary>The collection was read: whoever waited is fed, and whoever was current before is brought to what it is now.</summary>
    public void Loaded(Position? before)
    {
        foreach (var group in _groups.Values)
        {
            foreach (var subscription in group.Members)
            {
                if (subscription.State == SubscriptionState.Waiting) Feed(subscription);
                else if (subscription.State == SubscriptionState.Current && before is not null && before != bodies.Position)
                    Offer(subscription, bodies.FrameSince(before, subscription.Path), before);
            }
        }
    }

    /// <summary>What was told may be half of a change: everyone gets the whole once the collection is read again.</summary>
    public void Distrust()
    {
        _toldUntil = null;
        foreach (var group in _groups.Values)
        {
            group.Drop();
            foreach (var subscription in group.Members)
            {
                Set(subscription, SubscriptionState.Waiting);
                subscription.Known = null;
            }
        }
    }

    /// <summary>
    /// The outbox or the rate of a lagging subscription asks for what it missed. It gets what is here also while that is in doubt: all of
    /// it is stored, and what may have been stored since then comes with the next change.
    /// </summary>
    public void CatchUp(Subscription subscription, bool asked)
    {
        Frame? frame = null;
        if (subscription.State == SubscriptionState.Lagging && IsDue(subscription)) frame = bodies.FrameSince(subscription.Known, subscription.Path);

        if (asked) subscription.Outbox.CatchUp(frame);
        if (frame is not null && (asked || subscription.Outbox.TryEnqueue(frame, subscription))) Given(subscription);
    }

    /// <summary>
    /// Lets the reply to an update wait for the requesting connection's own subscriptions that lag: who awaits an update reads it locally.
    /// Returns how many there are.
    /// </summary>
    public int HoldReply(Request request)
    {
        if (_behind == 0) return 0;
        var count = 0;
        foreach (var group in _groups.Values)
        {
            foreach (var subscription in group.Members)
            {
                if (subscription.State == SubscriptionState.Current || subscription.Replies != request.Lane.Replies) continue;
                (subscription.HeldReplies ??= []).Add(request);
                count++;
            }
        }
        return count;
    }

    private static void ReleaseReplies(Subscription subscription)
    {
        if (subscription.HeldReplies is not { } held) return;
        subscription.HeldReplies = null;
        subscription.Replies.Release(held);
    }

    private void Feed(Subscription subscription) =>
        Offer(subscription, bodies.FrameSince(subscription.Known, subscription.Path), subscription.Known);

    private void Offer(Subscription subscription, Frame frame, Position? before)
    {
        if (IsDue(subscription) && subscription.Outbox.TryEnqueue(frame, subscription))
        {
            Given(subscription);
            return;
        }
        Set(subscription, SubscriptionState.Lagging);
        subscription.Known = before;
    }

    private void Given(Subscription subscription)
    {
        Set(subscription, SubscriptionState.Current);
        ReleaseReplies(subscription);
        if (subscription.Request.MinInterval > TimeSpan.Zero)
            subscription.DueAt = time.GetTimestamp() + (long)(subscription.Request.MinInterval.TotalSeconds * time.TimestampFrequency);
    }

    private void Set(Subscription subscription, SubscriptionState state)
    {
        if (subscription.State == state) return;
        var change = state == SubscriptionState.Current ? 1 : subscription.State == SubscriptionState.Current ? -1 : 0;
        _behind -= change;
        if (!subscription.Merges) subscription.Group!.Followers += change;
        subscription.State = state;
    }

    /// <summary>Whether a rate lets the next notification go; if not, its timer is set.</summary>
    private bool IsDue(Subscription subscription)
    {
        if (subscription.Request.MinInterval == TimeSpan.Zero) return true;
        var early = subscription.DueAt - time.GetTimestamp();
        if (early <= 0) return true;
        var wait = TimeSpan.FromSeconds((double)early / time.TimestampFrequency);
        if (subscription.Timer is not null) subscription.Timer.Change(wait, Timeout.InfiniteTimeSpan);
        else subscription.Timer = time.CreateTimer(
            static state => ((Subscription)state!).Writer.Post(new CatchUpMessage((Subscription)state, Asked: false)), subscription, wait, Timeout.InfiniteTimeSpan);
        return false;
    }
}
