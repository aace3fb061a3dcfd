using System.Text.Json.Nodes;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>A client of a <see cref="ModelHost"/> that makes requests, and keeps what it receives.</summary>
internal sealed class LifePeer(ModelHost host)
{
    private readonly ModelPeer _peer = new(host, null!, 1 << 20);
    private readonly Dictionary<int, Action<JsonNode>> _asked = [];
    private int _tunnel;

    /// <summary>The notifications so far.</summary>
    public List<JsonNode> Notifications { get; } = [];

    /// <summary>The host that the client is connected to.</summary>
    public ModelHost Host => host;

    /// <summary>The requests without an answer.</summary>
    public int Unanswered => _asked.Count;

    /// <summary>Whether the connection has ended.</summary>
    public bool Gone { get; private set; }

    /// <summary>Sends a request; <paramref name="answered"/> gets the reply, perhaps never.</summary>
    public void Ask(string command, string path, string argument, Action<JsonNode> answered)
    {
        _asked[++_tunnel] = answered;
        _peer.Send($$"""{"type":"REQUEST","cmd":"{{command}}","path":"{{path}}","arg":{{argument}},"tunnel":{{_tunnel}}}""");
        Read();
    }

    /// <summary>Sends an update that must be accepted at once.</summary>
    public JsonNode Put(string path, string argument)
    {
        JsonNode? reply = null;
        Ask("PUT", path, argument, received => reply = received);
        Assert.True((bool?)reply?["ok"] == true, reply?.ToJsonString() ?? "no reply");
        return reply!;
    }

    public JsonNode Get(string path)
    {
        JsonNode? reply = null;
        Ask("GET", path, "{}", received => reply = received);
        return reply!["data"]!;
    }

    /// <summary>Reads all that there is.</summary>
    public void Read()
    {
        host.Thread.Run();
        foreach (var bytes in _peer.ReadRaw())
        {
            var message = JsonNode.Parse(bytes)!;
            if ((string?)message["type"] == "MESSAGE") Notifications.Add(message);
            else if (_asked.Remove((int)message["tunnel"]!, out var answered)) answered(message);
        }
    }

    /// <summary>The connection breaks.</summary>
    public void Break()
    {
        Gone = true;
        _peer.Break();
        host.Thread.Run();
    }
}
