using System.Buffers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SharedState.Host.Tests.Engine;

/// <summary>A WebSocket client that speaks the protocol in raw JSON.</summary>
internal sealed class Client : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ClientWebSocket _socket = new();
    private readonly Queue<JsonNode> _notifications = new();
    private int _tunnel;

    public ClientWebSocket Socket => _socket;

    public static async Task<Client> ConnectAsync(Uri url, Action<ClientWebSocketOptions>? options = null)
    {
        var client = new Client();
        client._socket.Options.KeepAliveInterval = TimeSpan.Zero;
        options?.Invoke(client._socket.Options);
        await client._socket.ConnectAsync(url, CancellationToken.None);
        return client;
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(byte[] bytes, WebSocketMessageType type = WebSocketMessageType.Text) =>
        await _socket.SendAsync(bytes, type, endOfMessage: true, CancellationToken.None);

    /// <summary>The next message as text; null at the end of the connection.</summary>
    public async Task<string?> ReceiveTextAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        var message = new ArrayBufferWriter<byte>();
        while (true)
        {
            var part = await _socket.ReceiveAsync(message.GetMemory(64 << 10), patience.Token);
            if (part.MessageType == WebSocketMessageType.Close) return null;
            message.Advance(part.Count);
            if (part.EndOfMessage) return Encoding.UTF8.GetString(message.WrittenSpan);
        }
    }

    /// <summary>The next message.</summary>
    public async Task<JsonNode> ReceiveAsync()
    {
        var text =
            await ReceiveTextAsync()
            ?? throw new InvalidOperationException($"closed: {_socket.CloseStatus} {_socket.CloseStatusDescription}");
        return JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { MaxDepth = 1_000 })!;
    }

    /// <summary>Sends a request and waits for its reply; notifications that come before it are kept.</summary>
    public async Task<JsonNode> AskAsync(string command, string path, string? argument = null)
    {
        var tunnel = ++_tunnel;
        await SendAsync(
            $$"""{"type":"REQUEST","cmd":"{{command}}","path":{{JsonSerializer.Serialize(path)}},{{(argument is null ? "" : $"\"arg\":{argument},")}}"tunnel":{{tunnel}}}"""
        );
        while (true)
        {
            var message = await ReceiveAsync();
            if ((string?)message["type"] == "MESSAGE")
            {
                _notifications.Enqueue(message);
                continue;
            }
            Assert.Equal(tunnel, (int?)message["tunnel"]);
            return message;
        }
    }

    public Task<JsonNode> GetAsync(string path) => AskAsync("GET", path);

    public Task<JsonNode> PutAsync(string path, string argument) => AskAsync("PUT", path, argument);

    /// <summary>The next notification.</summary>
    public async Task<JsonNode> NotificationAsync()
    {
        if (_notifications.TryDequeue(out var kept)) return kept;
        var message = await ReceiveAsync();
        Assert.Equal("MESSAGE", (string?)message["type"]);
        return message;
    }

    /// <summary>How many notifications came and were not looked at.</summary>
    public int KeptNotifications => _notifications.Count;

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        _socket.Dispose();
        await Task.CompletedTask;
    }
}
