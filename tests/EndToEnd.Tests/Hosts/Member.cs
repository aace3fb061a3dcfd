using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>
/// A client as programs use one: it follows collections, comes back at another door when its connection ends, and goes on there from where
/// its copies are.
/// </summary>
internal sealed class Member : IAsyncDisposable
{
    private static readonly TimeSpan AttemptTime = TimeSpan.FromSeconds(2);

    private readonly IReadOnlyList<Uri> _doors;
    private readonly SharedHistory _history;
    private readonly Dictionary<string, Copy> _copies; // the reading loop's; others look only at rest
    private readonly ConcurrentDictionary<int, Request> _open = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _running;
    private volatile TaskCompletionSource<ClientWebSocket> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _tunnel, _failures;
    private long _cut = Stopwatch.GetTimestamp(), _heard;
    private TimeSpan _waited, _longestAnswer, _longestSilence;

    /// <param name="number">Its number among the members.</param>
    /// <param name="doors">Where hosts can be reached; a proxy is one door.</param>
    /// <param name="door">The one that it begins with.</param>
    /// <param name="paths">The collections that it follows.</param>
    /// <param name="history">Gets what it sees.</param>
    public Member(int number, IReadOnlyList<Uri> doors, int door, IEnumerable<string> paths, SharedHistory history)
    {
        (Number, _doors, Door, _history) = (number, doors, door, history);
        _copies = paths.ToDictionary(path => path, path => new Copy(path, history), StringComparer.Ordinal);
        _running = Task.Run(RunAsync);
    }

    public int Number { get; }

    /// <summary>Which door it is at, or tries.</summary>
    public int Door { get; private set; }

    /// <summary>What it saw that must not be, or null.</summary>
    public Exception? Failure { get; private set; }

    public IReadOnlyDictionary<string, Copy> Copies => _copies;

    /// <summary>Each time that it was back, with everything that it follows: after how long, less its own waits before attempts.</summary>
    public ConcurrentQueue<TimeSpan> Returns { get; } = new();

    /// <summary>How long it had to wait since <see cref="ForgetDelays"/>, while it was connected.</summary>
    public Delays Delays => new(_longestAnswer, _longestSilence);

    /// <summary>Whether it is connected and has all that it follows.</summary>
    public bool Present => _ready.Task.IsCompletedSuccessfully;

    /// <summary>Asks, once it is connected; null where the connection ended before the answer.</summary>
    public async Task<JsonElement?> AskAsync(string command, string path, string? argument, TimeSpan patience)
    {
        var socket = await _ready.Task.WaitAsync(patience);
        var asked = Stopwatch.GetTimestamp();
        var answer = await AskAsync(socket, command, path, argument).WaitAsync(patience);
        if (answer is not null && Stopwatch.GetElapsedTime(asked) is var time && time > _longestAnswer) _longestAnswer = time;
        return answer;
    }

    public void ForgetDelays() => _longestAnswer = _longestSilence = default;

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _running;
        _end.Dispose();
        _sending.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (!_end.IsCancellationRequested)
            {
                using var socket = new ClientWebSocket();
                socket.Options.KeepAliveInterval = TimeSpan.Zero;
                var proven = false;
                try
                {
                    using (var attempt = CancellationTokenSource.CreateLinkedTokenSource(_end.Token))
                    {
                        attempt.CancelAfter(AttemptTime);
                        await socket.ConnectAsync(_doors[Door], attempt.Token);
                    }
                    _heard = Stopwatch.GetTimestamp();
                    var subscribing = SubscribeAsync(socket);
                    proven = await ReceiveAsync(socket);
                    await subscribing;
                }
                catch (Exception exception) when (exception is WebSocketException or IOException or OperationCanceledException)
                {
                    // The host is gone, or not there yet.
                }
                await LeaveAsync(proven);
            }
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // Between two attempts.
        }
        catch (Exception exception)
        {
            Failure = exception;
        }
        var waiting = _ready;
        _ready = new();
        _ready.SetException(Failure ?? new OperationCanceledException("the member has ended"));
        _ = _ready.Task.Exception; // seen, also where nobody asks any more
        waiting.TrySetException(_ready.Task.Exception!.InnerExceptions);
        Abandon();
    }

    /// <summary>After a connection, or an attempt: another door, after a wait such as the client's (client/src/socket.ts).</summary>
    private async Task LeaveAsync(bool proven)
    {
        if (_ready.Task.IsCompleted)
        {
            _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _cut = Stopwatch.GetTimestamp();
            _waited = TimeSpan.Zero;
        }
        Abandon();
        _failures = proven ? 0 : _failures + 1;
        if (_doors.Count > 1) Door = (Door + Random.Shared.Next(1, _doors.Count)) % _doors.Count;
        var longest = TimeSpan.FromMilliseconds(_failures switch { 0 => 200, 1 => 400, _ => 1000 });
        var wait = longest * (0.5 + (Random.Shared.NextDouble() / 2));
        _waited += wait;
        await Task.Delay(wait, _end.Token);
    }

    private void Abandon()
    {
        foreach (var tunnel in _open.Keys)
        {
            if (_open.TryRemove(tunnel, out var request)) request.Answer.TrySetResult(null);
        }
    }

    /// <summary>Follows everything from where the copies are.</summary>
    private async Task SubscribeAsync(ClientWebSocket socket)
    {
        foreach (var copy in _copies.Values) copy.Begins = true;
        var answer = await AskAsync(
            socket, "PUT", "/subs", $$"""{"insert":[{{string.Join(',', _copies.Select(pair => Options(pair.Key, pair.Value.At)))}}]}""");
        if (answer is { } reply)
            Assert.True(reply.GetProperty("ok").GetBoolean() && !reply.TryGetProperty("errors", out _), reply.GetRawText());
    }

    private static string Options(string path, Position? at) =>
        at is { } known ? $$"""["{{path}}",{"since":{{known.Revision}},"epoch":"{{known.Epoch}}"}]""" : $$"""["{{path}}",{}]""";

    private async Task<JsonElement?> AskAsync(ClientWebSocket socket, string command, string path, string? argument)
    {
        var tunnel = Interlocked.Increment(ref _tunnel);
        var answer = new TaskCompletionSource<JsonElement?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _open[tunnel] = new(path, answer);
        await _sending.WaitAsync(_end.Token);
        try
        {
            var text =
                $$"""{"type":"REQUEST","cmd":"{{command}}","path":"{{path}}",{{(argument is null ? "" : $"\"arg\":{argument},")}}"tunnel":{{tunnel}}}""";
            await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
        catch (Exception exception) when (exception is WebSocketException or IOException or ObjectDisposedException)
        {
            // Its connection ended, maybe before this was among the open ones.
            answer.TrySetResult(null);
        }
        finally
        {
            _sending.Release();
        }
        return await answer.Task;
    }

    /// <summary>Reads until the connection ends; says whether anything came.</summary>
    private async Task<bool> ReceiveAsync(ClientWebSocket socket)
    {
        var message = new ArrayBufferWriter<byte>();
        var proven = false;
        try
        {
            while (true)
            {
                var part = await socket.ReceiveAsync(message.GetMemory(16 << 10), _end.Token);
                if (part.MessageType == WebSocketMessageType.Close) return proven;
                message.Advance(part.Count);
                if (!part.EndOfMessage) continue;
                proven = true;
                using (var document = JsonDocument.Parse(message.WrittenMemory)) Received(socket, document.RootElement);
                message.ResetWrittenCount();
            }
        }
        catch (Exception exception) when (exception is WebSocketException or IOException)
        {
            return proven;
        }
        finally
        {
            socket.Abort(); // from now on nothing can be sent, so that nothing is open that nobody answers
            Abandon();
        }
    }

    private void Received(ClientWebSocket socket, JsonElement message)
    {
        if (message.GetProperty("type").ValueEquals("REPLY"))
        {
            Assert.True(_open.TryRemove(message.GetProperty("tunnel").GetInt32(), out var request), "an answer to no open request");
            if (_copies.TryGetValue(request.Path, out var own)) Check(request.Path, own, message);
            request.Answer.TrySetResult(message.Clone());
            return;
        }
        var copy = _copies[message.GetProperty("path").GetString()!];
        copy.Apply(message);
        var heard = Stopwatch.GetTimestamp();
        if (Present && Stopwatch.GetElapsedTime(_heard, heard) is var silence && silence > _longestSilence) _longestSilence = silence;
        _heard = heard;
        if (Present || _copies.Values.Any(other => other.Begins)) return;
        Returns.Enqueue(Stopwatch.GetElapsedTime(_cut, heard) - _waited);
        _ready.TrySetResult(socket);
    }

    /// <summary>
    /// The answer to an update comes after its notification, unless the collection has begun another epoch meanwhile. A GET shows what
    /// everybody sees.
    /// </summary>
    private void Check(string path, Copy own, JsonElement reply)
    {
        if (!reply.TryGetProperty("rev", out var revision)) return;
        if (reply.GetProperty("cmd").ValueEquals("GET")) _history.Shown(path, reply);
        else if (reply.GetProperty("epoch").ValueEquals(own.At!.Value.Epoch))
        {
            Assert.True(
                own.At.Value.Revision >= revision.GetInt64(),
                $"{path}: the answer of {revision} came before its notification, at {own.At}");
        }
    }

    private sealed record Request(string Path, TaskCompletionSource<JsonElement?> Answer);
}
