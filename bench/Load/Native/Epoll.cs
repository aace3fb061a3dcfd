namespace SharedState.Bench.Load.Native;

/// <summary>Waits for sockets, which it knows by a number that the caller chooses.</summary>
internal sealed unsafe class Epoll : IDisposable
{
    private const int Add = 1, Delete = 2, Modify = 3, Most = 1_024;
    private const uint Readable = 1, Writable = 4;

    private readonly int _epoll = Libc.EpollCreate(Libc.CloseOnExec);
    private readonly EpollEvent[] _ready = new EpollEvent[Most];

    /// <summary>Another one can watch this one: it is readable while anything is ready.</summary>
    public int Descriptor => _epoll;

    public void Watch(int descriptor, int index) => Change(Add, descriptor, index, Readable);

    public void WatchWriting(int descriptor, int index, bool also) =>
        Change(Modify, descriptor, index, also ? Readable | Writable : Readable);

    public void Forget(int descriptor) => Change(Delete, descriptor, 0, 0);

    /// <summary>Waits for at most so many nanoseconds, and says which sockets can be read or written.</summary>
    public ReadOnlySpan<EpollEvent> Wait(long nanoseconds, int most = Most)
    {
        var timeout = new TimeSpec { Seconds = nanoseconds / 1_000_000_000, Nanoseconds = nanoseconds % 1_000_000_000 };
        fixed (EpollEvent* ready = _ready)
        {
            var count = Libc.EpollWait(_epoll, ready, most, &timeout, null);
            return _ready.AsSpan(0, Math.Max(0, count)); // -1: a signal came between
        }
    }

    public void Dispose() => _ = Libc.Close(_epoll);

    private void Change(int operation, int descriptor, int index, uint events)
    {
        var change = new EpollEvent { Events = events, Index = index };
        if (Libc.EpollControl(_epoll, operation, descriptor, &change) < 0) throw Libc.Failure("epoll_ctl");
    }
}
