using SharedState.Bench.Load.Native;

namespace SharedState.Bench.Load.Wire;

/// <summary>The one thread's turn of events: waits for sockets and lets their links read, until something is reached.</summary>
internal sealed class Loop : IDisposable
{
    private const long LongestWait = 10_000_000; // conditions that no socket brings about are looked at so often, in nanoseconds

    // At thousands of idle links pings come all at once. Answering them must not hold up the reading of what is measured: so many at a
    // time.
    private const int DeferredAtOnce = 8;
    private const int SomeDeferred = -1; // the number of the one that watches deferred links

    private readonly Epoll _epoll = new(), _deferred = new();
    private readonly List<Link?> _links = [];
    private readonly Stack<int> _free = [];
    private readonly byte[] _received = GC.AllocateUninitializedArray<byte>(1 << 20, pinned: true);

    public Loop() => _epoll.Watch(_deferred.Descriptor, SomeDeferred);

    public void Add(Link link)
    {
        if (!_free.TryPop(out var index))
        {
            index = _links.Count;
            _links.Add(null);
        }
        _links[index] = link;
        link.Index = index;
        _epoll.Watch(link.Descriptor, index);
    }

    public void Remove(Link link)
    {
        _links[link.Index] = null;
        _free.Push(link.Index);
    }

    /// <summary>Serves a link from now on only after all that are not deferred, and few such links at a time.</summary>
    public void Defer(Link link)
    {
        link.Deferred = true;
        _epoll.Forget(link.Descriptor);
        _deferred.Watch(link.Descriptor, link.Index);
    }

    public void WatchWriting(Link link, bool also) => (link.Deferred ? _deferred : _epoll).WatchWriting(link.Descriptor, link.Index, also);

    /// <summary>Serves the links until the condition holds.</summary>
    /// <param name="done">Asked after each turn.</param>
    /// <param name="seconds">After so long it is a violation.</param>
    /// <param name="what">What was waited for, for the sentence then.</param>
    public void Until(Func<bool> done, double seconds, string what)
    {
        var deadline = Clock.Now + (long)(seconds * 1e9);
        while (!done())
        {
            if (Clock.Now > deadline) throw new Violation($"after {seconds} s still waiting for {what}");
            Turn(LongestWait);
        }
    }

    /// <summary>Serves the links once, or waits for them for at most so many nanoseconds.</summary>
    public void Turn(long nanoseconds)
    {
        var deferred = false;
        foreach (var ready in _epoll.Wait(Math.Min(nanoseconds, LongestWait)))
        {
            if (ready.Index == SomeDeferred) deferred = true;
            else Serve(ready);
        }
        if (!deferred) return;
        foreach (var ready in _deferred.Wait(0, DeferredAtOnce)) Serve(ready);
    }

    public void Dispose()
    {
        _epoll.Dispose();
        _deferred.Dispose();
    }

    private void Serve(in EpollEvent ready)
    {
        // What an earlier one of this turn closed is passed over.
        if (_links[ready.Index] is { } link) link.Serve(ready, _received);
    }
}
