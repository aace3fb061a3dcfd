using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace SharedState.Host.Http;

/// <summary>A connection that speaks HTTP, until it ends or an upgrade takes its socket away.</summary>
internal sealed class HttpSocket : DefaultConnectionContext
{
    private static long s_number;

    private readonly Socket _socket;
    private readonly PipeReader _input;
    private Func<Socket, Task>? _takeOver; // set by a request, used when Kestrel is done with the connection

    private HttpSocket(Socket socket, Doorway doorway) : base($"{Interlocked.Increment(ref s_number):x}")
    {
        _socket = socket;
        Visit = new(doorway, socket);
        (LocalEndPoint, RemoteEndPoint) = (socket.LocalEndPoint, socket.RemoteEndPoint);
        var stream = new NetworkStream(socket, ownsSocket: false);
        _input = PipeReader.Create(stream, new(leaveOpen: true, useZeroByteReads: true));
        Transport = new Duplex(_input, PipeWriter.Create(stream, new(leaveOpen: true)));
        Features.Set(this);
    }

    /// <summary>The connection's place among those that are not counted among the clients.</summary>
    public Visit Visit { get; }

    /// <summary>A connection over an accepted socket, which has no place in the doorway yet.</summary>
    /// <exception cref="SocketException">The client is gone already.</exception>
    public static HttpSocket Create(Socket socket, Doorway doorway)
    {
        try
        {
            socket.NoDelay = true;
            return new(socket, doorway);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Takes the socket away from HTTP, from within a request to which 101 was answered. Once the request has returned and Kestrel is done,
    /// <paramref name="takeOver"/> gets the socket, to keep, and this object ends.
    /// </summary>
    /// <param name="takeOver">Does not throw. Gives back the place in the doorway.</param>
    /// <returns>The bytes that arrived behind the request.</returns>
    public byte[] HandOver(Func<Socket, Task> takeOver)
    {
        byte[] early = [];
        if (_input.TryRead(out var read))
        {
            early = read.Buffer.ToArray();
            _input.AdvanceTo(read.Buffer.End);
        }
        _takeOver = takeOver;
        return early;
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        if (_takeOver is null) _socket.Dispose();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_takeOver is not null) _ = _takeOver(_socket); // Kestrel must not wait for it
        else Close();
    }

    private void Close()
    {
        Visit.Leave();
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The client ended the connection first, or it was aborted.
        }
        _socket.Dispose();
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
