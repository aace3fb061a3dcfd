using System.Buffers.Binary;
using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SharedState.Host.Access;
using SharedState.Host.Collections;
using SharedState.Host.Connections;
using SharedState.Host.Protocol;
using SharedState.Host.Storages;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>The engine without sockets: its writers, dispatchers and outboxes on one thread and a clock that the test moves.</summary>
internal sealed class ModelHost : IDisposable
{
    public static readonly string[] Services = ["items", "other"];

    public static readonly Limits Limits = new()
    {
        Tombstones = 3,
        CollectionIdleTime = TimeSpan.FromSeconds(4),
        RequestsInFlight = 8,
        TurnTextBytes = 500,
    };

    private readonly Limits _limits;
    private ServiceWriter[] _writers = [];
    private Task[] _replacing = [];
    private CancellationTokenSource _death = new();

    private readonly ModelHost? _other;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SeededNumbers? _random;

    /// <param name="storages">The storage of each service.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="other">Another host on the same storages, which has the thread and the clock.</param>
    /// <param name="fast">How much later the time of day is at this host.</param>
    /// <param name="logger">Gets the lines of the log.</param>
    /// <param name="random">The source of names and tokens; by default that of the operating system.</param>
    public ModelHost(
        Dictionary<string, MemoryStorage> storages, Limits? limits = null, ModelHost? other = null, TimeSpan fast = default,
        ILogger? logger = null, SeededNumbers? random = null)
    {
        _random = random;
        _logger = logger ?? NullLogger.Instance;
        (Storages, _limits, _other) = (storages, limits ?? Limits, other);
        (Thread, Time) = other is null ? (new(), new()) : (other.Thread, other.Time);
        _time = fast == default ? Time : new FastTime(Time, fast);
        foreach (var storage in storages.Values) storage.Time = Time;
        Start();
    }

    public OneThread Thread { get; }

    public FakeTimeProvider Time { get; }

    public Dictionary<string, MemoryStorage> Storages { get; }

    public HostState State { get; private set; } = null!;

    /// <summary>Whether the host runs.</summary>
    public bool Runs => _writers.Length > 0;

    /// <summary>Stops and starts again on the same storages.</summary>
    public void Restart()
    {
        Stop();
        Start();
    }

    /// <summary>Begins to put another instance in the place of a service's, unless that is being done.</summary>
    public bool TryReplace(int service)
    {
        if (!_replacing[service].IsCompleted) return false;
        var storage = Storages[Services[service]];
        var (watched, ended) = (storage.IsWatched(_death.Token), storage.EndedFeeds);
        _replacing[service] = Thread.Begin(() => _writers[service].SwapAsync(Source(Services[service])));
        // A thread of the pool cancels the feed of the old instance. So that runs can be repeated, nothing happens before.
        if (watched) Thread.RunUntil(() => storage.EndedFeeds > ended);
        return true;
    }

    /// <summary>Moves the clock in steps that timers can follow.</summary>
    public void Advance(TimeSpan time)
    {
        for (var left = time; left > TimeSpan.Zero; left -= TimeSpan.FromMilliseconds(250))
        {
            var part = left < TimeSpan.FromMilliseconds(250) ? left : TimeSpan.FromMilliseconds(250);
            Thread.Raise(() => Time.Advance(part));
        }
    }

    public void Dispose()
    {
        Stop();
        if (_other is null) Thread.Dispose();
    }

    /// <summary>Starts on the storages. Connections to what ran before are gone.</summary>
    public void Start()
    {
        _writers = [.. Services.Select(Writer)];
        _replacing = [.. Services.Select(_ => Task.CompletedTask)];
        foreach (var writer in _writers) Thread.Complete(writer.StartAsync);
        State = new(new(_writers.Select(writer => (writer.Name, (ServiceWriter?)writer))), _limits, _time, NullLogger.Instance);
    }

    /// <summary>Stops in peace.</summary>
    public void Stop()
    {
        foreach (var writer in _writers) Thread.Complete(async () => await writer.DisposeAsync());
        _writers = [];
    }

    /// <summary>Is killed: no storage gets a call any more, and a call on its way has no effect.</summary>
    public void Kill()
    {
        Thread.Raise(_death.Cancel);
        Stop();
        _death = new();
    }

    private sealed class FastTime(TimeProvider time, TimeSpan fast) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + fast;

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            time.CreateTimer(callback, state, dueTime, period);
    }

    private ServiceWriter Writer(string name) => new(new(Source(name), _limits, _time, Thread.Scheduler), _limits, _time, _random);

    private StorageSource Source(string name)
    {
        var death = _death.Token;
        return new(
            () => Storages[name].CreateService(death),
            new() { ServiceName = name, Config = new Dictionary<string, string>(), BaseDirectory = "/", Logger = _logger });
    }
}

/// <summary>One connection to a <see cref="ModelHost"/>: what a socket and its two loops would do, when the test says so.</summary>
internal sealed class ModelPeer
{
    private readonly ModelHost _host;
    private readonly Outbox _outbox;
    private readonly Dispatcher _dispatcher;
    private readonly Channel<string> _requests = Channel.CreateUnbounded<string>();
    private readonly Task _receiving;
    private readonly PathMemory _paths = new();
    private Memory<byte> _taken;

    public ModelPeer(ModelHost host, ModelClient client, int outboxBytes)
    {
        (_host, Client) = (host, client);
        _outbox = new(outboxBytes);
        _dispatcher = new(host.State, new(host.State.Access, Identity.Anonymous, IPAddress.None), _outbox);
        _receiving = host.Thread.Begin(ReceiveLoop);
    }

    public ModelClient Client { get; }

    public void Send(string request) => _requests.Writer.TryWrite(request);

    /// <summary>Reads what the server has for the client, at most so many frames; returns how many there were.</summary>
    public int Read(int most)
    {
        var count = 0;
        for (; count < most && Next() is { } message; count++) Client.Receive(message);
        return count;
    }

    /// <summary>Reads what the server has for the client, without a look at it.</summary>
    public List<byte[]> ReadRaw()
    {
        var messages = new List<byte[]>();
        while (Next() is { } message) messages.Add(message.ToArray());
        return messages;
    }

    /// <summary>Takes what the server has for the client, as the send loop would.</summary>
    public List<Frame> TakeFrames()
    {
        List<Frame> frames = [];
        _outbox.Take(ref frames, 0);
        _outbox.Wrote(frames.Sum(frame => (long)frame.Length));
        _host.Thread.Run();
        return frames;
    }

    private Memory<byte>? Next()
    {
        if (_taken.IsEmpty)
        {
            List<Frame> frames = [];
            _outbox.Take(ref frames, 0);
            _taken = frames.SelectMany(frame => (byte[])[.. frame.Head.Span, .. frame.Body.Span, .. frame.Tail.Span]).ToArray();
        }
        if (_taken.IsEmpty) return null;
        var bytes = _taken.Span;
        var (header, payload) = bytes[1] switch
        {
            127 => (10, (int)BinaryPrimitives.ReadInt64BigEndian(bytes[2..])),
            126 => (4, BinaryPrimitives.ReadUInt16BigEndian(bytes[2..])),
            var length => (2, length),
        };
        var message = _taken.Slice(header, payload);
        _taken = _taken[(header + payload)..];
        _outbox.Wrote(header + payload);
        _host.Thread.Run();
        return message;
    }

    /// <summary>What was sent and not read by the server.</summary>
    public int NotRead => _requests.Reader.Count;

    /// <summary>What the server holds for the client.</summary>
    public long HeldBytes => _outbox.HeldBytes;

    /// <summary>The connection breaks; what was not read is lost.</summary>
    public void Break()
    {
        _requests.Writer.Complete();
        _outbox.Close(null);
        _taken = default;
        _host.Thread.Begin(() => _dispatcher.LeaveAsync(new(canceled: true)));
    }

    public void AssertHealthy() => Assert.False(_receiving.IsFaulted, _receiving.Exception?.ToString());

    private async Task ReceiveLoop()
    {
        while (await _requests.Reader.WaitToReadAsync()) // ReadAllAsync would leave this thread
        {
            var text = await _requests.Reader.ReadAsync();
            await _dispatcher.DispatchAsync(
                RequestReader.Read(System.Text.Encoding.UTF8.GetBytes(text), _host.State.Limits, _paths), CancellationToken.None);
            await _outbox.WaitForRoomAsync(CancellationToken.None);
        }
    }
}
