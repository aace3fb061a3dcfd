using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SharedState.Host.Connections;
using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Engine.RawSocket;

namespace SharedState.Host.Tests.Protocol;

/// <summary>What takes too long: a message, a silent peer; and a request rate. On a clock that only the test moves.</summary>
public sealed class TimeTests
{
    private const string Request = """{"type":"REQUEST","cmd":"GET","path":"/subs"}""";

    private static readonly byte[] RequestBytes = System.Text.Encoding.UTF8.GetBytes(Request);

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task AMessageThatDoesNotEndInTimeEndsTheConnection()
    {
        await using var host = await LiveHost.StartAsync(time: _time);
        await using var socket = await ConnectAsync(host);
        await socket.SendBytesAsync((byte[])[.. Frame(Text, [], final: false), .. Frame(Ping, [])]);
        Assert.Equal(Pong, (await socket.TryReceiveAsync())!.Value.Opcode);
        for (var second = 0; second < 29; second += 7) // a little comes now and then, which is no excuse
        {
            _time.Advance(7 * Second);
            if (second >= 21) break;
            await socket.SendBytesAsync((byte[])[.. Frame(Continuation, [], final: false), .. Frame(Ping, [])]);
            Assert.Equal(Pong, (await socket.TryReceiveAsync())!.Value.Opcode);
        }
        _time.Advance(4 * Second);
        var closing = socket.ReceiveCloseAsync();
        Assert.Equal((1009, "a message must arrive within 30 seconds, or at 16384 bytes a second"), await MoveUntilAsync(closing));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AMessageThatMakesProgressMayTakeLongAndIsClosedWhenItDoesNot(bool fragmented)
    {
        const int Rate = 1_000, Seconds = 100;
        var state = new HostState(new([]), new() { UploadBytesPerSecond = Rate }, _time, NullLogger.Instance);
        using var registry = new ConnectionRegistry(state);
        using var stream = new FedStream();
        using var connection = new Connection(state, stream, early: [], compression: false, () => { });
        Assert.True(registry.TryAdd(connection, System.Net.IPAddress.Loopback));
        var running = connection.RunAsync();
        var message = System.Text.Encoding.UTF8.GetBytes(Request.PadRight(Seconds * Rate * 11 / 10));
        byte[][] parts = [.. message.Chunk(Rate * 11 / 10)];
        byte[][] pieces = fragmented
            ? [.. parts.Select((part, index) => Frame(index == 0 ? Text : Continuation, part, final: index == Seconds - 1))]
            : [.. Frame(Text, message).Chunk(Rate * 11 / 10)];
        foreach (var piece in pieces)
        {
            await stream.FeedAsync(piece);
            Move(1);
        }
        await Wait.UntilAsync(() => stream.Written.Contains("\"ok\":true", StringComparison.Ordinal), "the message is answered");

        // Enough for 50 seconds at the rate. Each byte more is a sign of life, so that only the rate can end the connection.
        await stream.FeedAsync(Frame(Text, message)[..50_000]);
        for (var seconds = 0; seconds < 48; seconds++)
        {
            Move(1);
            await stream.FeedAsync([(byte)' ']);
        }
        Assert.DoesNotContain("a message must arrive", stream.Written, StringComparison.Ordinal);
        Move(5);
        await Wait.UntilAsync(
            () => stream.Written.Contains("a message must arrive within 30 seconds, or at 1000 bytes a second", StringComparison.Ordinal),
            "the upload is closed");
        stream.End();
        await running;

        void Move(int seconds)
        {
            for (var halves = 2 * seconds; halves > 0; halves--) _time.Advance(Second / 2);
        }
    }

    [Fact]
    public async Task AMessageThatEndsInTimeLeavesTheNextOneItsOwnTime()
    {
        await using var host = await LiveHost.StartAsync(time: _time);
        await using var socket = await ConnectAsync(host);
        var (start, rest) = (Frame(Text, RequestBytes)[..10], Frame(Text, RequestBytes)[10..]);
        for (var message = 0; message < 4; message++)
        {
            await socket.SendBytesAsync((byte[])[.. Frame(Ping, []), .. start]);
            Assert.Equal(Pong, (await socket.TryReceiveAsync())!.Value.Opcode);
            _time.Advance(20 * Second);
            await socket.SendBytesAsync(rest);
            Assert.True((bool)(await socket.ReceiveAsync())["ok"]!);
        }
    }

    [Fact]
    public async Task ASilentPeerIsPingedAndDropped()
    {
        await using var host = await LiveHost.StartAsync(time: _time);
        await using var socket = await ConnectAsync(host);
        await socket.AskAsync(Request);
        for (var round = 0; round < 3; round++)
        {
            var silentSince = _time.GetUtcNow();
            var (opcode, payload) = (await MoveUntilAsync(socket.TryReceiveAsync()))!.Value;
            Assert.Equal((Ping, 0), (opcode, payload.Length));
            Assert.True(_time.GetUtcNow() - silentSince >= 25 * Second);
            _time.Advance(19 * Second); // not yet
            await socket.SendBytesAsync(round == 1 ? Frame(Ping, []) : Frame(Pong, [])); // anything is a sign of life
            await socket.AskAsync(Request, passing: Pong);
        }
        Assert.Equal(Ping, (await MoveUntilAsync(socket.TryReceiveAsync()))!.Value.Opcode);
        Assert.Null(await MoveUntilAsync(socket.TryReceiveAsync()));
    }

    [Fact]
    public async Task OverTheRequestRateReadingPausesAndNothingIsRefused()
    {
        await using var host = await LiveHost.StartAsync(limits: new() { RequestRate = 2, RequestBurst = 10 }, time: _time);
        await using var socket = await ConnectAsync(host);
        await using var other = await ConnectAsync(host);
        await socket.SendBytesAsync((byte[])[.. Enumerable.Repeat(Frame(Text, RequestBytes), 100).SelectMany(frame => frame)]);
        for (var count = 0; count < 10; count++) Assert.True((bool)(await socket.ReceiveAsync())["ok"]!);
        var eleventh = socket.ReceiveAsync();
        Assert.True((bool)(await other.AskAsync(Request))["ok"]!);
        Assert.False(eleventh.IsCompleted);

        var start = _time.GetUtcNow();
        Assert.True((bool)(await MoveUntilAsync(eleventh))["ok"]!);
        for (var count = 11; count < 100; count++) Assert.True((bool)(await MoveUntilAsync(socket.ReceiveAsync()))["ok"]!);
        Assert.True(_time.GetUtcNow() - start >= 44 * Second, "90 requests at 2 a second");
    }

    [Fact]
    public async Task WhoWaitsForItsRateIsNotTakenForSilent()
    {
        // A request each 40 seconds, which is longer than a peer may be silent before it is pinged; its pongs wait behind the requests.
        await using var host = await LiveHost.StartAsync(limits: new() { RequestRate = 1.0 / 40, RequestBurst = 1 }, time: _time);
        await using var socket = await ConnectAsync(host);
        await socket.SendBytesAsync((byte[])[.. Enumerable.Repeat(Frame(Text, RequestBytes), 5).SelectMany(frame => frame)]);
        for (var count = 0; count < 5; count++) Assert.True((bool)(await MoveUntilAsync(socket.AnswerAsync(passing: Ping)))["ok"]!);
    }

    [Fact]
    public async Task TheStreamEndsAtOnceWhenBothHaveSaidGoodbye()
    {
        await using var host = await LiveHost.StartAsync(time: _time); // a clock that stands still: no patience ever runs out
        await using (var leaving = await ConnectAsync(host))
        {
            await leaving.SendBytesAsync(Frame(Close, [3, 232]));
            Assert.Equal(1000, (await leaving.ReceiveCloseAsync()).Code);
        }
        await using (var broken = await ConnectAsync(host))
        {
            await broken.SendBytesAsync((byte[])[.. Frame(7, []), .. Frame(Text, "and more"u8)]);
            Assert.Equal(1002, (await broken.ReceiveCloseAsync()).Code);
        }
        await using var stopped = await ConnectAsync(host);
        await stopped.AskAsync(Request);
        var stopping = host.StopAsync();
        Assert.Equal(1001, (await stopped.ReceiveCloseAsync()).Code);
        await stopping;
    }

    [Fact]
    public void TheSweepAndTheStopMayMeetAConnectionThatHasJustEnded()
    {
        var connection = new Connection(
            new(new([]), new(), _time, NullLogger.Instance), Stream.Null, early: [], compression: false, () => { });
        connection.Dispose();
        connection.Stop();
        connection.Sweep(_time.GetTimestamp(), awakeSince: 0);
    }

    [Fact]
    public void WhereTheHostStandsStillInTheMiddleOfASweepNobodyIsDropped()
    {
        var time = new TimeThatJumps();
        var (aborted, state) = (0, new HostState(new([]), new(), time, NullLogger.Instance));
        using var registry = new ConnectionRegistry(state);
        var connection = new Connection(state, new SilentStream(), early: [], compression: false, () => aborted++);
        Assert.True(registry.TryAdd(connection, System.Net.IPAddress.Loopback));
        _ = connection.RunAsync();
        Move(26); // it is pinged
        for (var slice = 0; slice < 20; slice++) // so that it is looked at in one of the sweeps that a jump interrupts
        {
            time.JumpsAfterTheNextLook = true;
            time.Advance(Second / 20);
            Assert.False(time.JumpsAfterTheNextLook);
        }
        Move(19);
        Assert.Equal(0, aborted);
        Move(3); // it has stood still no more, and nothing came
        Assert.Equal(1, aborted);

        void Move(int seconds)
        {
            for (var left = seconds * Second; left > TimeSpan.Zero; left -= Second / 2) time.Advance(Second / 2);
        }
    }

    /// <summary>A peer whose bytes the test gives to the host, one piece after the other.</summary>
    private sealed class FedStream : MemoryStream
    {
        private readonly Lock _gate = new();
        private readonly System.Text.StringBuilder _written = new();
        private TaskCompletionSource? _reading; // guarded by the gate, as are the next two
        private ReadOnlyMemory<byte> _bytes;
        private bool _ended;

        /// <summary>The bytes that the host has written.</summary>
        public string Written
        {
            get { lock (_gate) return _written.ToString(); }
        }

        /// <summary>Gives bytes to the host, and waits until it waits for more.</summary>
        public async Task FeedAsync(byte[] bytes)
        {
            await Wait.UntilAsync(IsRead, "the host reads");
            Wake(bytes, end: false);
            await Wait.UntilAsync(IsRead, "the host has looked at the bytes");
        }

        public void End() => Wake([], end: true);

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Task? wait = null;
            lock (_gate)
            {
                if (_bytes.Length == 0 && !_ended) wait = (_reading = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
            if (wait is not null) await wait.WaitAsync(cancellationToken);
            lock (_gate)
            {
                var count = Math.Min(buffer.Length, _bytes.Length);
                _bytes[..count].CopyTo(buffer);
                _bytes = _bytes[count..];
                return count;
            }
        }

        private bool IsRead()
        {
            lock (_gate) return _reading is not null && _bytes.Length == 0;
        }

        private void Wake(byte[] bytes, bool end)
        {
            TaskCompletionSource? reading;
            lock (_gate) (_bytes, _ended, reading, _reading) = (bytes, end, _reading, null);
            reading?.TrySetResult();
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            lock (_gate) _written.Append(System.Text.Encoding.UTF8.GetString(buffer.Span));
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>A clock on which a minute passes right after someone looked at it.</summary>
    private sealed class TimeThatJumps : FakeTimeProvider
    {
        private long _jumped;

        public bool JumpsAfterTheNextLook { get; set; }

        public override long GetTimestamp()
        {
            var now = base.GetTimestamp() + _jumped;
            if (!JumpsAfterTheNextLook) return now;
            JumpsAfterTheNextLook = false;
            _jumped += 60 * TimestampFrequency;
            return now;
        }
    }

    /// <summary>A peer that takes what it gets and says nothing.</summary>
    private sealed class SilentStream : MemoryStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return 0;
        }
    }

    /// <summary>Moves the clock on in small steps, leaving the host time to act on each, until something has happened.</summary>
    private async Task<T> MoveUntilAsync<T>(Task<T> happened)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (await Task.WhenAny(happened, Task.Delay(2, patience.Token)) != happened)
        {
            patience.Token.ThrowIfCancellationRequested();
            _time.Advance(Second / 2);
        }
        return await happened;
    }
}
