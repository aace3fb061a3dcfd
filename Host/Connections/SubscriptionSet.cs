using SharedState.Host.Collections;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>The subscriptions of one connection, by the client's name for each. Owned by the dispatcher's run.</summary>
/// <param name="host">What all connections share.</param>
/// <param name="outbox">Where the notifications go.</param>
/// <param name="lane">The connection's lane at a service.</param>
internal sealed class SubscriptionSet(HostState host, Outbox outbox, Func<ServiceWriter, Lane> lane)
{
    private readonly OrderedDictionary<SubscriptionName, SocketFollower> _followers = [];
    private readonly List<SocketFollower> _added = [];

    /// <summary>The reply to GET <c>/subs</c>.</summary>
    public Frame Tell(OpenRequest open)
    {
        Forget();
        return FrameWriter.OfThisThread.Subscriptions(
            open.Request, _followers.Values.Select(follower => follower.Request), [], ok: true, open.Announced);
    }

    /// <summary>Does what a PUT on <c>/subs</c> asks for, and answers it. The new subscriptions begin with <see cref="Start"/>.</summary>
    public async ValueTask ChangeAsync(OpenRequest open)
    {
        var change = open.Request.Subscriptions!;
        Forget();

        // :: Step 1: what can be subscribed to
        var errors = new List<(SubscriptionName, Error)>();
        var insert = new List<(SubscriptionRequest Wanted, ServiceWriter Writer)>();
        var kept = change.Replace ? 0 : _followers.Keys.Except(change.Remove).Except(change.Insert.Select(wanted => wanted.Name)).Count();
        foreach (var wanted in change.Insert)
        {
            if (Refusal(wanted, kept + insert.Count, out var writer) is { } error) errors.Add((wanted.Name, error));
            else insert.Add((wanted, writer!));
        }
        if (insert.Count == 0 && errors.Count > 0)
        {
            open.Answer(FrameWriter.OfThisThread.Subscriptions(open.Request, [], errors, ok: false, open.Announced), errors[0].Item2);
            return;
        }

        // :: Step 2: what goes; nothing of it is notified after the reply
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

        // :: Step 3: what comes, after the reply
        foreach (var (wanted, writer) in insert)
        {
            var follower = new SocketFollower(wanted, lane(writer), outbox);
            _followers.Add(wanted.Name, follower);
            _added.Add(follower);
        }
        var current = _followers.Values.Select(follower => follower.Request);
        open.Answer(FrameWriter.OfThisThread.Subscriptions(open.Request, current, errors, ok: true, open.Announced));
    }

    /// <summary>Lets the new subscriptions begin, once their reply is on its way.</summary>
    public void Start()
    {
        foreach (var follower in _added) follower.Subscription.Lane.Writer.Post(new Beginning(follower.Subscription));
        _added.Clear();
    }

    /// <summary>The connection ends.</summary>
    public void Leave()
    {
        foreach (var group in ByService(_followers.Values)) group.Key.Post(new Ending([.. group], done: null));
        _followers.Clear();
    }

    /// <summary>Leaves out what the server ended, of which the client has been told.</summary>
    private void Forget()
    {
        foreach (var (name, follower) in _followers.ToArray())
        {
            if (follower.Dropped) _followers.Remove(name);
        }
    }

    private Error? Refusal(SubscriptionRequest wanted, int others, out ServiceWriter? writer)
    {
        writer = null;
        if (wanted.Error is { } error) return error;
        writer = host.Services.Find(wanted.Path.Service);
        if (writer is null) return host.Services.Missing(wanted.Path.Service);
        return others < host.Limits.Subscriptions
            ? null
            : Error.Limit($"a connection has at most {host.Limits.Subscriptions} subscriptions");
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
