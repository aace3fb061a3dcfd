using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace SharedState.Host.Tests.Configuration;

/// <summary>The bounds of a connection before its upgrade, in the real program.</summary>
public sealed class HandshakeTests : IAsyncLifetime, IDisposable
{
    private readonly TempFolder _folder = new();
    private HostProcess _host = null!;
    private int _port;

    public async Task InitializeAsync()
    {
        _folder.Write("my.json", """
            {"service": {"host": "127.0.0.1", "port": 0, "limits": {"handshake_seconds": 1, "handshake_bytes": 2048}},
             "services": [{"name": "mitems", "module": "items_service", "config": {"db_type": "sqlite", "db_name": ":memory:"}}]}
            """);
        _host = HostProcess.Start(_folder.FullName, ["my.json"]);
        _port = (await _host.UriAsync()).Port;
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose()
    {
        _host.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET / HTTP/1.1\r\nHost: local")]
    public async Task AClientThatDoesNotFinishItsHeadersIsDropped(string sent)
    {
        var waited = Stopwatch.StartNew();
        using var client = new TcpClient("127.0.0.1", _port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(sent));
        await ReadToEndAsync(client);
        Assert.InRange(waited.Elapsed, TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task HeadersOverTheLimitAreRefusedAndSmallerOnesAreNot()
    {
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(1_500), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 431", await AskAsync(2_500), StringComparison.Ordinal);

        async Task<string> AskAsync(int bytes)
        {
            using var client = new TcpClient("127.0.0.1", _port);
            await client
                .GetStream()
                .WriteAsync(
                    Encoding.ASCII.GetBytes(
                        $"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Long: {new string('x', bytes)}\r\n\r\n"));
            return await ReadToEndAsync(client);
        }
    }

    [Fact]
    public async Task AClientThatOffersCompressionGetsItByDefault()
    {
        using var client = new TcpClient("127.0.0.1", _port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"));
        var answer = new byte[1_000];
        var length = await client.GetStream().ReadAsync(answer);
        Assert.Contains(
            "Sec-WebSocket-Extensions: permessage-deflate;", Encoding.ASCII.GetString(answer, 0, length), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\nHost: localhost\nConnection: close\n\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: localhost\nConnection: close\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\n")]
    public async Task ALoneLineFeedIsNoLineEnd(string request)
    {
        using var client = new TcpClient("127.0.0.1", _port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        Assert.DoesNotContain("HTTP/1.1 200", await ReadToEndAsync(client), StringComparison.Ordinal);
    }

    private static async Task<string> ReadToEndAsync(TcpClient client)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var text = new MemoryStream();
        try
        {
            await client.GetStream().CopyToAsync(text, patience.Token);
        }
        catch (IOException)
        {
            // A reset is an end, too.
        }
        return Encoding.ASCII.GetString(text.ToArray());
    }
}
