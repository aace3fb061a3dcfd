using SharedState.Host.Collections;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>What one connection subscribes to, by the client's spelling of each path. Owned by the receive loop.</summary>
internal sealed class SubscriptionSet(HostState host, Outbox outbox, Replies replies)
{
    private readonly OrderedDictionary<string, Subscription> _subscriptions = new(StringComparer.Ordinal);
    private readonly List<Subscription> _added = [];

    /// <summary>The reply to GET <c>/subs</c>.</summary>
    public Frame Tell(Request request)
    {
        Forget();
        return FrameWriter.OfThisThread.Subscriptions(request, _subscriptions.Values.Select(subscription => subscription.Request), [], ok: true);
    }

    /// <summary>Does what a PUT on <c>/subs</c> asks for, and makes its reply. The new subscriptions begin with <see cref="Start"/>.</summary>
    public async ValueTask<Frame> ChangeAsync(Request request)
    {
        var change = request.Subscriptions!;
        Forget();

        // :: Step 1: what can be subscribed to
        var errors = new List<(string, Error)>();
        var insert = new List<(SubscriptionRequest Wanted, ServiceWriter Writer)>();
        var kept = change.Replace ? 0 : _subscriptions.Keys.Except(change.Remove).Except(change.Insert.Select(wanted => wanted.Spelling)).Count();
        foreach (var wanted in change.Insert)
        {
            if (Refusal(wanted, kept + insert.Count, out var writer) is { } error) errors.Add((wanted.Spelling, error));
            else insert.Add((wanted, writer!));
        }
        if (insert.Count == 0 && errors.Count > 0) return FrameWriter.OfThisThread.Subscriptions(request, [], errors, ok: false);

        // :: Step 2: what goes; nothing of it is notified after the reply
        var dropped = new List<Subscription>();
        if (change.Replace)
        {
            dropped.AddRange(_subscriptions.Values);
            _subscriptions.Clear();
        }
        else
        {
            foreach (var spelling in change.Remove.Concat(insert.Select(added => added.Wanted.Spelling)))
            {
                if (_subscriptions.Remove(spelling, out var subscription)) dropped.Add(subscription);
            }
        }
        await DropAsync(dropped);

        // :: Step 3: what comes, after the reply
        foreach (var (wanted, writer) in insert)
        {
            var subscription = new Subscription(wanted, writer, outbox, replies);
            _subscriptions.Add(wanted.Spelling, subscription);
            _added.Add(subscription);
        }
        return FrameWriter.OfThisThread.Subscriptions(request, _subscriptions.Values.Select(subscription => subscription.Request), errors, ok: true);
    }

    /// <summary>Lets the new subscriptions begin, once their reply is on its way.</summary>
    public void Start()
    {
        foreach (var subscription in _added) subscription.Writer.Post(new SubscribeMessage(subscription));
        _added.Clear();
    }

    /// <summary>The connection ends.</summary>
    public void Leave()
    {
        foreach (var group in _subscriptions.Values.GroupBy(subscription => subscription.Writer))
            group.Key.Post(new DropMessage([.. group], Done: null));
        _subscriptions.Clear();
    }

    /// <summary>Leaves out what the server ended, of which the client has been told.</summary>
    private void Forget()
    {
        foreach (var (spelling, subscription) in _subscriptions.ToArray())
        {
            if (subscription.Dropped) _subscriptions.Remove(spelling);
        }
    }

    private Error? Refusal(SubscriptionRequest wanted, int others, out ServiceWriter? writer)
    {
        writer = null;
        if (wanted.Error is { } error) return error;
        writer = host.Services.Find(wanted.Path.Service);
        if (writer is null) return host.Services.Missing(wanted.Path.Service);
        return others < host.Limits.Subscriptions ? null : Error.Limit($"a connection has at most {host.Limits.Subscriptions} subscriptions");
    }

    private static async Task DropAsync(List<Subscription> dropped)
    {
        var ends = new List<Task>();
        foreach (var group in dropped.GroupBy(subscription => subscription.Writer))
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            ends.Add(done.Task);
            group.Key.Post(new DropMessage([.. group], done));
        }
        foreach (var end in ends) await end;
    }
}
