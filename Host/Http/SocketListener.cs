using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using SharedState.Host.Diagnostics;

namespace SharedState.Host.Http;

/// <summary>Accepts connections on one listening socket.</summary>
internal sealed class SocketListener(Socket listening, Doorway doorway, ILogger logger) : IConnectionListener
{
    // Without descriptors or memory, accepting fails at once, again and again.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public EndPoint EndPoint { get; } = listening.LocalEndPoint!;

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            try
            {
                await doorway.OpenAsync(cancellationToken);
                var accepted = HttpSocket.Create(await listening.AcceptAsync(cancellationToken), doorway);
                try
                {
                    await doorway.EnterAsync(accepted.Visit, cancellationToken);
                    return accepted;
                }
                catch (OperationCanceledException)
                {
                    await accepted.DisposeAsync();
                    throw;
                }
            }
            catch (Exception exception) when (IsUnbound(exception))
            {
                return null; // unbound
            }
            catch (SocketException exception) when (IsShort(exception))
            {
                Log.NotAccepted(logger, exception.Message);
                await Task.Delay(Pause, cancellationToken);
            }
            catch (SocketException)
            {
                // The client went away before it was accepted.
            }
        }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => DisposeAsync();

    public ValueTask DisposeAsync()
    {
        listening.Dispose();
        return ValueTask.CompletedTask;
    }

    private static bool IsUnbound(Exception exception) =>
        exception is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted };

    private static bool IsShort(SocketException exception) =>
        exception.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable;
}
