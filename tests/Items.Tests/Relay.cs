using System.Net;
using System.Net.Sockets;

namespace SharedState.Items.Tests;

/// <summary>A line between a service and its server that can be cut at the worst moments.</summary>
public sealed class Relay : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<TcpClient> _open = [];
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string? _mark;
    private volatile RelayFault _fault;

    public Relay(int target)
    {
        Target = target;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What ends the session of a message that arrived late. Default: Redis' word for it.</summary>
    public byte[] Farewell { get; init; } = "*1\r\n$4\r\nQUIT\r\n"u8.ToArray();

    /// <summary>The port that new lines lead to.</summary>
    public int Target { get; set; }

    /// <summary>How many lines were cut.</summary>
    public int Cuts { get; private set; }

    /// <summary>When what was held back has reached the server, and the server has answered it or closed.</summary>
    public Task Delivered { get; private set; } = Task.CompletedTask;

    /// <summary>Lets the next message that holds the mark meet its fault.</summary>
    public void Cut(RelayFault fault, string mark) => (_fault, _mark) = (fault, mark);

    /// <summary>Lets what was held back reach the server.</summary>
    public void Release() => _release.TrySetResult();

    public void Dispose()
    {
        _listener.Dispose();
        lock (_open) _open.ForEach(client => client.Dispose());
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = JoinAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task JoinAsync(TcpClient client)
    {
        var server = new TcpClient();
        lock (_open) _open.AddRange([client, server]);
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, Target);
            await Task.WhenAny(UpAsync(client, server), DownAsync(server, client));
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            // One of both is gone.
        }
        client.Dispose();
        if (Delivered.IsCompleted) server.Dispose();
    }

    private static async Task DownAsync(TcpClient server, TcpClient client) => await server.GetStream().CopyToAsync(client.GetStream());

    private async Task UpAsync(TcpClient client, TcpClient server)
    {
        var buffer = new byte[1 << 20];
        while (await client.GetStream().ReadAsync(buffer) is > 0 and var count)
        {
            var bytes = buffer.AsMemory(0, count);
            if (_mark is { } mark && bytes.Span.IndexOf(System.Text.Encoding.UTF8.GetBytes(mark)) >= 0)
            {
                _mark = null;
                client.Client.LingerState = new LingerOption(true, 0);
                client.Dispose(); // no reply gets through any more
                Cuts++;
                if (_fault == RelayFault.LoseReply) await server.GetStream().WriteAsync(bytes);
                else Delivered = DeliverLateAsync(server, bytes.ToArray());
                return;
            }
            await server.GetStream().WriteAsync(bytes);
        }
    }

    private async Task DeliverLateAsync(TcpClient server, byte[] bytes)
    {
        await _release.Task;
        await server.GetStream().WriteAsync(bytes);
        await server.GetStream().WriteAsync(Farewell);
        try
        {
            while (await server.GetStream().ReadAsync(new byte[4096]) > 0)
            {
                // Answers that nobody waits for.
            }
        }
        catch (IOException)
        {
            // The server had ended the session before.
        }
    }
}

/// <summary>What becomes of a message at a cut.</summary>
public enum RelayFault
{
    /// <summary>It reaches the server; the reply does not come back.</summary>
    LoseReply,

    /// <summary>It reaches the server much later, when its sender has long connected anew.</summary>
    ArriveLate,
}
