using System.Buffers;
using System.Globalization;
using System.Net.WebSockets;

namespace SharedState.Bench.Ceilings.Sockets;

internal delegate SocketRoom FindRoom(ReadOnlySpan<byte> name);

/// <summary>One WebSocket, with a lock, since a socket takes one message at a time.</summary>
internal sealed class SocketMember(WebSocket socket, FindRoom find) : IDisposable
{
    private readonly SemaphoreSlim _sending = new(1);
    private readonly ArrayBufferWriter<byte> _message = new(4_096);
    private SocketRoom? _room;
    private byte[] _acknowledgement = [];
    private bool _follows;

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (await ReceiveAsync(stop))
            {
                await TakeAsync(_message.WrittenMemory);
                _message.ResetWrittenCount();
            }
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException)
        {
            // The client is gone, as all are at the end of a measurement.
        }
        finally
        {
            if (_follows) _room?.Remove(this);
        }
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> message)
    {
        await _sending.WaitAsync();
        try
        {
            await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
        catch (WebSocketException)
        {
            // Its own loop notices that it is gone; the others get their message.
        }
        finally
        {
            _sending.Release();
        }
    }

    public void Dispose() => _sending.Dispose();

    private async ValueTask<bool> ReceiveAsync(CancellationToken stop)
    {
        while (true)
        {
            var part = await socket.ReceiveAsync(_message.GetMemory(4_096), stop);
            if (part.MessageType == WebSocketMessageType.Close) return false;
            _message.Advance(part.Count);
            if (part.EndOfMessage) return true;
        }
    }

    private ValueTask TakeAsync(ReadOnlyMemory<byte> message) =>
        Command.TryRead(message.Span, out var command) ? ObeyAsync(command) : RelayAsync(message);

    private async ValueTask RelayAsync(ReadOnlyMemory<byte> message)
    {
        await _room!.BroadcastAsync(message.ToArray());
        await SendAsync(_acknowledgement);
    }

    private ValueTask ObeyAsync(Command command)
    {
        switch (command.Letter)
        {
            case Command.Acknowledgement:
                _acknowledgement = command.Text.ToArray();
                break;
            case Command.Get:
                return SendAsync(new byte[int.Parse(command.Text, CultureInfo.InvariantCulture)]);
            default:
                _room = find(command.Text);
                _follows = command.Letter == Command.Follow;
                if (_follows) _room.Add(this);
                break;
        }
        return SendAsync("{}"u8.ToArray());
    }
}
