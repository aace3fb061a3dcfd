using System.Net;
using System.Net.Sockets;

namespace SharedState.Host.Http;

/// <summary>A connection's place in the <see cref="Doorway"/>.</summary>
/// <param name="doorway">Where the place is.</param>
/// <param name="socket">The connection.</param>
internal sealed class Visit(Doorway doorway, Socket socket)
{
    /// <summary>The address that the place counts for.</summary>
    public IPAddress Address { get; } = AddressGroup.Of((socket.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None);

    /// <summary>The place, while there is one. Owned by the doorway.</summary>
    public LinkedListNode<Visit>? Place { get; set; }

    /// <summary>When the place was taken, by the monotonic clock. Set by the doorway.</summary>
    public long Since { get; set; }

    /// <summary>Whether the server has read all that the client sent: then the client is the one that the other waits for.</summary>
    public bool WaitsForClient
    {
        get
        {
            try
            {
                return socket.Available == 0;
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return true; // it has ended by itself
            }
        }
    }

    /// <summary>
    /// Bounds the bytes that the system holds and has not sent. Else small messages wait behind megabytes of a large one that the client is
    /// slow to take: 16 KiB are half a second of a link of 30 KB/s. Costs throughput, so that only clients that take parts have it. Other
    /// systems than Linux have no such option.
    /// </summary>
    public void KeepUnsentSmall()
    {
        const int Tcp = 6, UnsentLowWaterMark = 25, Bytes = 16 << 10; // IPPROTO_TCP, TCP_NOTSENT_LOWAT
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            socket.SetRawSocketOption(Tcp, UnsentLowWaterMark, BitConverter.GetBytes(Bytes));
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The connection ended by itself meanwhile.
        }
    }

    /// <summary>Gives the place back: the connection has ended, or is counted elsewhere from now on.</summary>
    public void Leave() => doorway.Leave(this);

    /// <summary>
    /// Ends the connection at once. Its descriptor is free when this returns, because nothing is left for the kernel to send.
    /// </summary>
    public void Cut()
    {
        try
        {
            socket.LingerState = new(enable: true, 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The connection ended by itself meanwhile.
        }
        socket.Dispose();
    }
}
