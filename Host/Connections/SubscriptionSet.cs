using System.Runtime.InteropServices;
using SharedState.Host.Access;
using SharedState.Host.Collections;
using SharedState.Host.Diagnostics;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>The subscriptions of one connection, by the client's name for each. Owned by the dispatcher's run.</summary>
/// <param name="host">What all connections share.</param>
/// <param name="session">What the client may do.</param>
/// <param name="outbox">Gets the notifications.</param>
/// <param name="memory">The connection's share of the memory. The subscriptions count in it.</param>
/// <param name="lane">The connection's lane at a service.</param>
internal sealed class SubscriptionSet(
    HostState host, Session session, Outbox outbox, MemoryShare memory, Func<ServiceWriter, Lane> lane)
{
    // Of a subscription: the objects that it consists of, without its spelling and options.
    private const int EmptyBytes = 1 << 10;

    // Of a view that nobody else follows, and of each operator, field and value of its condition.
    private const int ViewBytes = 2 << 10, ConditionBytes = 400;

    // Of all filters of a connection, each of which a change of its collection may evaluate. A thousand simple filters cost 3,000.
    private const int MostFilterCost = 16 << 10;

    // A smaller reply does not count.
    private const int LargeReplyBytes = 64 << 10;

    private readonly OrderedDictionary<SubscriptionName, SocketFollower> _followers = [];
    private readonly List<SocketFollower> _added = [];
    private long _charged; // to the memory

    /// <summary>Answers GET <c>/subs</c>.</summary>
    public void Tell(OpenRequest open)
    {
        Forget();
        if (HasRoomForReply(open)) Reply(open, [], ok: true);
        else open.Refuse(Error.Memory);
    }

    /// <summary>Executes a PUT on <c>/subs</c>, and answers it. The new subscriptions begin with <see cref="Start"/>.</summary>
    public async ValueTask ChangeAsync(OpenRequest open)
    {
        var change = open.Request.Subscriptions!;
        Forget();
        if (change.Insert.Count > 0 && !HasRoomForReply(open))
        {
            open.Refuse(Error.Memory);
            return;
        }

        // :: Step 1: the valid subscriptions
        var errors = new List<(SubscriptionName, Error)>();
        var insert = new List<(SubscriptionRequest Wanted, ServiceWriter Writer)>();
        SubscriptionName[] kept =
            change.Replace ? [] : [.. _followers.Keys.Except(change.Remove).Except(change.Insert.Select(wanted => wanted.Name))];
        var cost = kept.Sum(name => _followers[name].Request.Options.View.FilterCost);
        var more = change.Replace ? -_charged : 0;
        foreach (var wanted in change.Insert)
        {
            var costly = cost + wanted.Options.View.FilterCost > MostFilterCost;
            var bytes = wanted.Error is null ? BytesOf(wanted, RightsAt(wanted).Rights) : 0;
            if (Refusal(wanted, kept.Length + insert.Count, more + bytes, costly, out var writer) is { } error)
            {
                errors.Add((wanted.Name, error));
                continue;
            }
            insert.Add((wanted, writer!));
            more += bytes;
            cost += wanted.Options.View.FilterCost;
        }
        if (insert.Count == 0 && errors.Count > 0)
        {
            Reply(open, errors, ok: false);
            return;
        }

        // :: Step 2: the removed subscriptions, which get no notification after the reply
        var dropped = new List<SocketFollower>();
        if (change.Replace)
        {
            dropped.AddRange(_followers.Values);
            _followers.Clear();
        }
        else
        {
            foreach (var name in change.Remove.Concat(insert.Select(added => added.Wanted.Name)))
            {
                if (_followers.Remove(name, out var follower)) dropped.Add(follower);
            }
        }
        await DropAsync(dropped);

        // :: Step 3: the new subscriptions, which begin after the reply
        foreach (var (wanted, writer) in insert)
        {
            var follower = new SocketFollower(wanted, RightsAt(wanted).Rights, lane(writer), outbox);
            _followers.Add(wanted.Name, follower);
            _added.Add(follower);
        }
        Charge();
        Reply(open, errors, ok: true);
    }

    /// <summary>Lets the new subscriptions begin, once their reply is on its way.</summary>
    public void Start()
    {
        foreach (var follower in _added) follower.Subscription.Lane.Writer.Post(new Beginning(follower.Subscription));
        _added.Clear();
    }

    /// <summary>
    /// Ends the subscriptions that are no longer allowed, and tells the client why. Subscriptions that may see other items than before
    /// begin again with all of these. No notification by the former rights follows.
    /// </summary>
    public async ValueTask ReviewAsync()
    {
        Forget();
        var (refused, moved) = (new List<SocketFollower>(), new List<SocketFollower>());
        foreach (var follower in _followers.Values)
        {
            var rights = RightsAt(follower.Request).Rights;
            if (!rights.Read) refused.Add(follower);
            else if (rights.Tag != follower.Rights.Tag) moved.Add(follower);
        }
        if (refused.Count + moved.Count == 0) return;
        await DropAsync([.. refused, .. moved]);
        foreach (var follower in refused)
        {
            _followers.Remove(follower.Request.Name);
            if (!follower.Dropped) follower.End(RightsAt(follower.Request).Refusal);
        }
        foreach (var follower in moved.Where(follower => !follower.Dropped))
        {
            var (request, at) = (follower.Request, follower.Subscription.Lane);
            var next = new SocketFollower(request, RightsAt(request).Rights, at, outbox) { Subscription = { Known = null } };
            _followers[request.Name] = next;
            at.Writer.Post(new Beginning(next.Subscription));
        }
        Charge();
    }

    private Permit RightsAt(SubscriptionRequest wanted) => session.At(wanted.Path.App, wanted.Path.Service, wanted.Path.Collection);

    /// <summary>The connection ends.</summary>
    public void Leave()
    {
        foreach (var group in ByService(_followers.Values)) group.Key.Post(new Ending([.. group], done: null));
        _followers.Clear();
        Charge();
    }

    /// <summary>Removes the subscriptions that the server ended, of which the client was notified.</summary>
    private void Forget()
    {
        foreach (var (name, follower) in _followers.ToArray())
        {
            if (follower.Dropped) _followers.Remove(name);
        }
    }

    private static long BytesOf(SubscriptionRequest wanted, Rights rights)
    {
        var view = wanted.Options.View;
        return EmptyBytes + (sizeof(char) * wanted.Name.Spelling.Length) + wanted.Options.Echo.Length
            + (view.IsWhole && rights.ReadSize == 0 ? 0 : ViewBytes + (ConditionBytes * (view.FilterSize + rights.ReadSize)));
    }

    /// <summary>Whether there is memory for the list of all subscriptions, which is about as large as the subscriptions and the
    /// request.</summary>
    private bool HasRoomForReply(OpenRequest open)
    {
        var bytes = _charged + open.Request.MessageBytes;
        return bytes < LargeReplyBytes || HasRoom(bytes);
    }

    private bool HasRoom(long bytes)
    {
        if (memory.HasRoom(bytes)) return true;
        ConnectionLog.NoMemory(host.Logger, host.Limits.Memory.Limit);
        return false;
    }

    private void Charge()
    {
        var bytes = _followers.Values.Sum(follower => BytesOf(follower.Request, follower.Rights));
        host.Limits.Memory.Charge(bytes - _charged);
        memory.Charge(bytes - _charged);
        _charged = bytes;
    }

    private void Reply(OpenRequest open, List<(SubscriptionName, Error)> errors, bool ok)
    {
        var current = ok ? _followers.Values.Select(follower => follower.Request) : [];
        var reply = FrameWriter.OfThisThread.Subscriptions(open.Request, current, errors, ok, open.Announced);
        if (MemoryMarshal.TryGetArray(reply.Head, out var text)) host.Limits.Memory.Note(text.Array!);
        open.Answer(reply, ok ? null : errors[0].Item2);
    }

    private Error? Refusal(SubscriptionRequest wanted, int others, long bytes, bool costly, out ServiceWriter? writer)
    {
        writer = null;
        if (wanted.Error is { } error) return error;
        if (RightsAt(wanted) is var permit && !permit.Rights.Read)
        {
            HostMeter.Refusals.Add(1, HostMeter.Rule(permit.Rights.Rule));
            return permit.Refusal;
        }
        writer = host.Services.Find(wanted.Path.Service);
        if (writer is null) return host.Services.Missing(wanted.Path.Service);
        if (others >= host.Limits.Subscriptions)
            return Error.Limit($"a connection has at most {host.Limits.Subscriptions} subscriptions");
        if (costly) return Error.Limit("the filters of a connection's subscriptions cost too much together: use fewer or simpler ones");
        return HasRoom(bytes) ? null : Error.Memory;
    }

    private static async Task DropAsync(List<SocketFollower> dropped)
    {
        var ends = new List<Task>();
        dropped.ForEach(follower => follower.Leave());
        foreach (var group in ByService(dropped))
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            ends.Add(done.Task);
            group.Key.Post(new Ending([.. group], done));
        }
        foreach (var end in ends) await end;
    }

    private static IEnumerable<IGrouping<ServiceWriter, Subscription>> ByService(IEnumerable<SocketFollower> followers) =>
        followers.Select(follower => follower.Subscription).GroupBy(subscription => subscription.Lane.Writer);
}
