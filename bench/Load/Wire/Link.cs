using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using SharedState.Bench.Load.Checks;
using SharedState.Bench.Load.Dialects;
using SharedState.Bench.Load.Native;

namespace SharedState.Bench.Load.Wire;

/// <summary>Takes bytes as they come, whatever they are the beginning or the end of.</summary>
internal delegate void TakeBytes(ReadOnlySpan<byte> bytes);

/// <summary>One WebSocket to a server: a bare non-blocking socket. What comes is given to its subscriber and its writer, if it has
/// them.</summary>
internal sealed unsafe class Link : IDisposable
{
    private const int PortsPerAddress = 20_000; // below what the kernel gives out for one source address

    private static readonly byte[] Handshake =
    [
        .. "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"u8,
        .. "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: YmVuY2hiZW5jaGJlbmNoYg==\r\n\r\n"u8,
    ];

    private readonly Loop _loop;
    private readonly Dialect _dialect;
    private readonly Outgoing _outgoing = new();
    private byte[] _rest = []; // the beginning of a frame whose end has not come
    private int _restLength;
    private ArrayBufferWriter<byte>? _fragments;
    private int _asked, _answers;
    private bool _watchesWriting;

    /// <summary>Connects, and sends the handshake; <see cref="Open"/> becomes true later.</summary>
    public Link(Loop loop, Dialect dialect, int port, int number = 0)
    {
        (_loop, _dialect) = (loop, dialect);
        Descriptor = Connect(port, number / PortsPerAddress);
        loop.Add(this);
        _outgoing.Add(Handshake);
        Flush();
    }

    public int Descriptor { get; }

    /// <summary>The loop's number for this link.</summary>
    public int Index { get; set; }

    /// <summary>Whether the server has agreed to the upgrade.</summary>
    public bool Open { get; private set; }

    /// <summary>Whether everything that was asked is answered.</summary>
    public bool Answered => Open && _answers == _asked;

    /// <summary>How often the server asked whether anybody is there; it was answered.</summary>
    public long Pings { get; private set; }

    /// <summary>Whether others are served before this one; see <see cref="Loop.Defer"/>.</summary>
    public bool Deferred { get; set; }

    public Subscriber? Subscriber { get; set; }

    public Writer? Writer { get; set; }

    /// <summary>Gets all bytes that come, in place of subscriber and writer.</summary>
    public TakeBytes? Taker { get; set; }

    /// <summary>Sends one message that is answered by one.</summary>
    public void Ask(string message)
    {
        var length = Encoding.UTF8.GetByteCount(message);
        Encoding.UTF8.GetBytes(message, _outgoing.Begin(length));
        _outgoing.Finish(length);
        _asked++;
        Flush();
    }

    /// <summary>The messages that are to be sent with the next <see cref="Flush"/>.</summary>
    public Outgoing Outgoing => _outgoing;

    public void Flush()
    {
        while (_outgoing.Waiting is { Length: > 0 } waiting)
        {
            nint sent;
            fixed (byte* bytes = waiting) sent = Libc.Send(Descriptor, bytes, waiting.Length, Libc.NoSignal);
            if (sent >= 0)
            {
                _outgoing.Sent((int)sent);
            }
            else if (Marshal.GetLastPInvokeError() == Libc.Again)
            {
                break;
            }
            else
            {
                throw Libc.Failure("send");
            }
        }
        var waits = _outgoing.Waiting.Length > 0;
        if (waits == _watchesWriting) return;
        _watchesWriting = waits;
        _loop.WatchWriting(this, waits);
    }

    /// <summary>Does what the socket is ready for.</summary>
    public void Serve(in EpollEvent ready, byte[] buffer)
    {
        if (_watchesWriting) Flush();
        if (buffer.Length < _restLength * 2) buffer = new byte[_restLength * 4];
        _rest.AsSpan(0, _restLength).CopyTo(buffer);
        nint count;
        fixed (byte* free = &buffer[_restLength]) count = Libc.Receive(Descriptor, free, buffer.Length - _restLength, 0);
        if (count == 0) throw new Violation("the server ended a connection");
        if (count < 0)
        {
            if (Marshal.GetLastPInvokeError() is Libc.Again or Libc.Interrupted) return;
            throw Libc.Failure("recv");
        }
        var bytes = buffer.AsSpan(0, _restLength + (int)count);
        if (Taker is not null)
        {
            Taker(bytes); // set while nothing was under way, so there is no rest
            return;
        }
        var rest = bytes[(Open ? Read(bytes) : ReadHandshake(bytes))..];
        if (_rest.Length < rest.Length) _rest = new byte[rest.Length * 2];
        rest.CopyTo(_rest);
        _restLength = rest.Length;
        Writer?.TopUp();
        if (!_watchesWriting && _outgoing.Waiting.Length > 0) Flush(); // a pong
    }

    public void Dispose()
    {
        _loop.Remove(this);
        _ = Libc.Close(Descriptor);
    }

    private int ReadHandshake(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0) return 0;
        if (!bytes.StartsWith("HTTP/1.1 101 "u8))
            throw new Violation($"the server refused an upgrade: {Encoding.UTF8.GetString(bytes[..end])}");
        Open = true;
        return end + 4 + Read(bytes[(end + 4)..]);
    }

    private int Read(ReadOnlySpan<byte> bytes)
    {
        var read = 0;
        while (true)
        {
            // What others have got already, and this one gets alike, is not looked at frame by frame.
            if (Subscriber is not null) read += Subscriber.Match(bytes[read..]);
            var length = FrameScanner.TryRead(bytes[read..], out var payload, out var final, out var opcode);
            if (length == 0) return read;
            var frame = bytes.Slice(read, length);
            read += length;
            if (opcode == FrameScanner.Ping)
            {
                Pings++;
                _outgoing.AddPong(payload);
            }
            // ASP.NET Core keeps an idle WebSocket alive, after two minutes, by pongs that answer nothing.
            if (opcode is FrameScanner.Ping or FrameScanner.Pong) continue;
            if (!final || _fragments is { WrittenCount: > 0 })
            {
                // SignalR sends a long message in pieces.
                (_fragments ??= new()).Write(payload);
                if (!final) continue;
                payload = _fragments.WrittenSpan;
            }
            while (_dialect.TryRead(ref payload, out var message)) Take(frame, message);
            _fragments?.ResetWrittenCount();
        }
    }

    private void Take(ReadOnlySpan<byte> frame, in Message message)
    {
        switch (message.Kind)
        {
            case MessageKind.Notice when Subscriber is not null:
                Subscriber.Take(frame, message);
                break;
            case MessageKind.Acknowledgement when Writer is not null:
                Writer.Acknowledge(message);
                break;
            case MessageKind.Answer:
                _answers++;
                break;
            default:
                throw new Violation(
                    $"a message came to one who did not ask for it: {Encoding.UTF8.GetString(frame[..Math.Min(frame.Length, 300)])}");
        }
    }

    /// <summary>A connected socket, from a source address of its own for so many connections as one address has ports.</summary>
    private static int Connect(int port, int source)
    {
        var socket = Libc.Socket(Libc.Inet, Libc.Stream | Libc.CloseOnExec, 0);
        if (socket < 0) throw Libc.Failure("socket");
        var on = 1;
        _ = Libc.SetOption(socket, Libc.Tcp, Libc.NoDelay, &on, sizeof(int));
        // Closing resets the connection: thousands that linger in TIME_WAIT would be in the way of the next measurement.
        var linger = stackalloc int[] { 1, 0 };
        _ = Libc.SetOption(socket, Libc.SocketLevel, Libc.Linger, linger, 2 * sizeof(int));
        var own = Address(0, 1 + source);
        if (source > 0 && Libc.Bind(socket, &own, sizeof(SocketAddress)) < 0) throw Libc.Failure("bind");
        var server = Address(port, 1);
        if (Libc.Connect(socket, &server, sizeof(SocketAddress)) < 0) throw Libc.Failure("connect");
        _ = Libc.Control(socket, Libc.SetFlags, Libc.NonBlocking);
        return socket;
    }

    private static SocketAddress Address(int port, int last) => new()
    {
        Family = Libc.Inet,
        PortBigEndian = BinaryPrimitives.ReverseEndianness((ushort)port),
        AddressBigEndian = BinaryPrimitives.ReverseEndianness(0x7F000000u + (uint)last),
    };
}
