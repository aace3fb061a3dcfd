using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using SharedState.Host.Access;
using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Engine.RawSocket;

namespace SharedState.Host.Tests.Access;

/// <summary>What connections hold in memory for the claims of their tokens.</summary>
public sealed class ClaimsMemoryTests
{
    private const int ClaimBytes = 10_000, BudgetBytes = 1 << 20;

    [Fact]
    public async Task TheClaimsOfConnectionsCountInTheMemory()
    {
        var limits = new Limits { Memory = new(BudgetBytes) };
        await using var host = await LiveHost.StartAsync(limits: limits, access: TestIssuer.Config);
        var token = Token(ClaimBytes);
        var header = $"Authorization: Bearer {token}";
        var open = new List<RawSocket>();
        RawSocket? refused = null;
        while (refused is null && open.Count < 100)
        {
            var (socket, answer) = await HandshakeAsync(host, Handshake("/", header));
            Assert.StartsWith("HTTP/1.1 101 ", answer);
            await socket.SendAsync(GetAuth);
            if (await socket.TryReceiveAsync() is (Close, var payload))
            {
                Assert.Equal(4000, (payload[0] << 8) + payload[1]);
                refused = socket;
                break;
            }
            open.Add(socket);
        }
        Assert.InRange(open.Count, 4, BudgetBytes / ClaimBytes);

        await using (var late = await RawSocket.ConnectAsync(host))
        {
            var reply = await late.AskAsync(PutAuth(token));
            Assert.Equal("limit", (string?)reply["error"]!["code"]);
            Assert.Null((await late.AskAsync(GetAuth))["data"]!["user"]); // the identity stays
            Assert.True((bool)(await late.AskAsync(PutAuth(Token(10))))["ok"]!);

            // Connections that end, and one that becomes anonymous, make room.
            foreach (var socket in open[1..]) await socket.DisposeAsync();
            await Wait.UntilAsync(async () => (bool)(await late.AskAsync(PutAuth(token)))["ok"]!, "there is room for the claims");
            await open[0].AskAsync(PutAuth(null));
        }
        await Wait.UntilAsync(() => limits.Memory.Used < ClaimBytes, "no claims count any more");
        await open[0].DisposeAsync();
        await refused!.DisposeAsync();
    }

    [Fact]
    public void TheRightsThatAConnectionKeepsAreBounded()
    {
        const int Paths = 250, Values = 900;
        using var access = new AccessControl(TimeProvider.System, NullLogger.Instance);
        access.Set(TestRules.Of("""{"path": "/a/items/*", "who": "user", "read": {"b": {"$in": "{boards}"}}, "write": {"b": {"$in": "{boards}"}}}"""));
        var claims = JsonSerializer.SerializeToUtf8Bytes(new { boards = Enumerable.Range(0, Values).Select(number => $"board {number}") });
        var session = new Session(access, new("ann", claims, null), IPAddress.Loopback);
        var rights = Look();
        GC.Collect();
        Assert.InRange(rights.Count(one => one.IsAlive), 1, 4);
        GC.KeepAlive(session);

        // In a method of its own, whose variables are gone at its end.
        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference[] Look() =>
            [.. Enumerable.Range(0, Paths).Select(path => new WeakReference(session.At("a", "items", $"{path}").Rights))];
    }

    private const string GetAuth = """{"type":"REQUEST","cmd":"GET","path":"/auth"}""";

    private static string PutAuth(string? token) =>
        $$$"""{"type":"REQUEST","cmd":"PUT","path":"/auth","arg":{"token":{{{JsonSerializer.Serialize(token)}}}}}""";

    private static string Token(int bytes) =>
        TestIssuer.Token(TimeProvider.System, claims: $$"""{"text":"{{new string('x', bytes)}}"}""");
}
