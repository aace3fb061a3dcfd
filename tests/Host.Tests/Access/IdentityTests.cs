using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using SharedState.Host.Access;
using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Access.TestIssuer;
using static SharedState.Host.Tests.Engine.RawSocket;

namespace SharedState.Host.Tests.Access;

/// <summary>The identity of a connection, over sockets: by the upgrade, by PUT /auth, and when it ends.</summary>
public sealed class IdentityTests
{
    private const string GetAuth = """{"type":"REQUEST","cmd":"GET","path":"/auth"}""";

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddDays(20_000));
    private readonly KeepingLogger _log = new();

    [Fact]
    public async Task AnUpgradeWithATokenIsThatUser()
    {
        await using var host = await StartAsync(Config);
        await using var client = await ConnectAsync(host, $"Authorization: Bearer {Token(_time)}");
        var data = (await client.AskAsync(GetAuth))["data"]!;
        Assert.Equal("ann", (string?)data["user"]);
        Assert.Equal(Name, (string?)data["claims"]!["iss"]);
        Assert.Equal(Seconds(_time, 3_600), (long)data["expires"]!);
    }

    [Theory]
    [InlineData("bearer ssk_1")] // the name of a scheme has no case (RFC 9110, 11.1)
    [InlineData("Bearer  ssk_1")]
    public async Task AnUpgradeWithAnApiKeyIsThatProgram(string value)
    {
        await using var host = await StartAsync(WithKey("ssk_1"));
        await using var client = await ConnectAsync(host, $"Authorization: {value}");
        Assert.Equal(
            """{"user":"importer","claims":{"role":"admin"},"expires":null}""",
            (await client.AskAsync(GetAuth))["data"]!.ToJsonString());
    }

    [Theory]
    [InlineData("Authorization: Bearer wrong")]
    [InlineData("Authorization: Bearer ")]
    [InlineData("Authorization: Bearer ssk_2")]
    public async Task AnUpgradeWithAWrongTokenGets401AndLearnsNoReason(string header)
    {
        await using var host = await StartAsync(WithKey("ssk_1"));
        var (socket, answer) = await HandshakeAsync(host, Handshake("/", header));
        await socket.DisposeAsync();
        Assert.StartsWith("HTTP/1.1 401 ", answer);
        Assert.Contains("WWW-Authenticate: Bearer error=\"invalid_token\"\r\n", answer);
        Assert.Contains("\r\nThe token is not valid; the server's log says why.\n", answer, StringComparison.Ordinal);
        Assert.Single(_log.Lines, line => line.StartsWith("A token from 127.0.0.1 was refused: ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Origin: https://good.example", "ann")]
    [InlineData("Origin: http://localhost", "ann")] // the server's own page
    [InlineData("Origin:", null)]                   // a program, which can send a header
    public async Task ACookieIsATokenForPagesThatMayUseIt(string origin, string? user)
    {
        await using var host = await StartAsync(Config with { Cookie = "session" }, new(["https://good.example"], null));
        await using var client = await ConnectAsync(host, origin, $"Cookie: other=x; session={Token(_time)}");
        Assert.Equal(user, (string?)(await client.AskAsync(GetAuth))["data"]!["user"]);
    }

    [Fact]
    public async Task APageOfAnotherSiteDoesNotConnectWithTheCookie()
    {
        await using var host = await StartAsync(Config with { Cookie = "session" }, new(["https://good.example"], null));
        foreach (var origin in new[] { "https://evil.example", "null", "http://localhost:81" })
        {
            var (socket, answer) = await HandshakeAsync(host, Handshake("/", $"Origin: {origin}", $"Cookie: session={Token(_time)}"));
            await socket.DisposeAsync();
            Assert.StartsWith("HTTP/1.1 403 ", answer);
        }
    }

    [Fact]
    public async Task WithoutTheSettingNoCookieIsAToken()
    {
        await using var host = await StartAsync(Config);
        await using var client = await ConnectAsync(host, "Origin: http://localhost", $"Cookie: session={Token(_time)}");
        Assert.Null((await client.AskAsync(GetAuth))["data"]!["user"]);
    }

    [Theory]
    [InlineData("/?token=x")]
    [InlineData("/?ACCESS_TOKEN=x")]
    [InlineData("/any/path?q=ssk_1")]
    [InlineData("/?x=eyJhbGciOiJIUzI1NiJ9.e30.AAAA")]
    public async Task ATokenInTheUrlIsRefusedWithAHint(string url)
    {
        await using var host = await StartAsync(WithKey("ssk_1"));
        var (socket, answer) = await HandshakeAsync(host, Handshake(url));
        await socket.DisposeAsync();
        Assert.StartsWith("HTTP/1.1 400 ", answer);
        Assert.Contains("Send it in the header \"Authorization: Bearer TOKEN\", or over the WebSocket by PUT /auth.", answer);
    }

    [Theory]
    [InlineData("/?room=token")]
    [InlineData("/token?x=eyJ")]
    public async Task OtherUrlsAreTaken(string url)
    {
        await using var host = await StartAsync(WithKey("ssk_1"));
        await using var client = await RawSocket.ConnectAsync(host, url);
        Assert.True((bool)(await client.AskAsync(GetAuth))["ok"]!);
    }

    [Fact]
    public async Task PutAuthChangesTheIdentityAndNullEndsIt()
    {
        await using var host = await StartAsync(WithKey("ssk_1"));
        await using var client = await RawSocket.ConnectAsync(host);
        Assert.Equal(
            """{"user":null,"claims":{},"expires":null}""", (await client.AskAsync(GetAuth))["data"]!.ToJsonString());
        var put = await client.AskAsync(PutAuth(Token(_time)));
        Assert.Equal("ann", (string?)put["data"]!["user"]);
        Assert.Equal("importer", (string?)(await client.AskAsync(PutAuth("ssk_1")))["data"]!["user"]);
        Assert.Equal("importer", (string?)(await client.AskAsync(GetAuth))["data"]!["user"]);
        Assert.True((bool)(await client.AskAsync("""{"type":"REQUEST","cmd":"PUT","path":"/auth","arg":{"token":null}}"""))["ok"]!);
        Assert.Null((await client.AskAsync(GetAuth))["data"]!["user"]);
    }

    [Fact]
    public async Task AWrongTokenChangesNothing()
    {
        await using var host = await StartAsync(WithKey("ssk_1"));
        await using var client = await RawSocket.ConnectAsync(host);
        await client.AskAsync(PutAuth("ssk_1"));
        foreach (var token in new[] { "wrong", "", new string('a', 100 << 10), Token(_time, claims: """{"exp":1}""") })
        {
            var reply = await client.AskAsync(PutAuth(token));
            Assert.Equal(
                """{"code":"unauthorized","message":"the token is not valid; the server's log says why","temporary":false}""",
                reply["error"]!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        }
        Assert.Equal("importer", (string?)(await client.AskAsync(GetAuth))["data"]!["user"]);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"token\":1}")]
    [InlineData("{\"token\":{\"a\":1}}")]
    [InlineData("{\"token\":\"\\ud800\"}")]
    [InlineData("{\"token\":\"a\",\"token\":\"b\"}")]
    public async Task AWrongArgumentIsABadRequest(string argument)
    {
        await using var host = await StartAsync(WithKey("ssk_1"));
        await using var client = await RawSocket.ConnectAsync(host);
        var reply = await client.AskAsync($$"""{"type":"REQUEST","cmd":"PUT","path":"/auth","arg":{{argument}}}""");
        Assert.Equal("bad_request", (string)reply["error"]!["code"]!);
        Assert.Contains("token", (string)reply["error"]!["message"]!);
    }

    [Fact]
    public async Task WithoutAccessEveryoneIsAnonymousAndATokenIsABadRequest()
    {
        await using var host = await StartAsync(null);
        await using var client = await ConnectAsync(host, "Authorization: Bearer anything"); // as before
        Assert.Null((await client.AskAsync(GetAuth))["data"]!["user"]);
        var reply = await client.AskAsync(PutAuth("x"));
        Assert.Equal("bad_request", (string)reply["error"]!["code"]!);
        Assert.Contains("\"access\" is not in its configuration", (string)reply["data"]!);
        Assert.True((bool)(await client.AskAsync(Put))["ok"]!);
    }

    [Theory]
    [InlineData("GET", "/a/items/b", null)]
    [InlineData("GET", "/a/nowhere/b", null)] // the names of services are not told either
    [InlineData("PUT", "/a/items/b", """{"insert":[{"id":"1"}]}""")]
    [InlineData("GET", "/a/items", null)]
    [InlineData("GET", "/", null)]
    public async Task WithoutARuleNothingIsAllowed(string command, string path, string? argument)
    {
        var storage = new MemoryStorage();
        await using var host = await StartAsync(WithKey("ssk_1"), storage: storage);
        await using var client = await Client.ConnectAsync(host.Url);
        var refused = await client.AskAsync(command, path, argument);
        Assert.Equal("unauthorized", (string)refused["error"]!["code"]!);
        await client.PutAsync("/auth", """{"token":"ssk_1"}""");
        refused = await client.AskAsync(command, path, argument);
        Assert.Equal("forbidden", (string)refused["error"]!["code"]!);
        host.Change(null);
        Assert.Equal(path != "/a/nowhere/b", (bool)(await client.AskAsync(command, path, argument))["ok"]!);
    }

    [Fact]
    public async Task WithoutARuleNothingIsSubscribedTo()
    {
        await using var host = await StartAsync(WithKey("ssk_1"));
        await using var client = await Client.ConnectAsync(host.Url);
        var reply = await client.PutAsync("/subs", """{"insert":[["/a/items/b",{}],["/a/nowhere/b",{"as":"x"}],["bad",{}]]}""");
        Assert.Equal("unauthorized", (string)reply["error"]!["code"]!);
        Assert.Equal(
            ["unauthorized", "unauthorized", "bad_request"], reply["errors"]!.AsArray().Select(error => (string)error![1]!["code"]!));
        Assert.Empty((await client.GetAsync("/subs"))["data"]!.AsArray());
        Assert.True((bool)(await client.GetAsync("/clock"))["ok"]!);
    }

    [Fact]
    public async Task RepliesStayInOrderWhereSomeAreRefused()
    {
        await using var host = await StartAsync(WithKey("ssk_1"));
        await using var client = await Client.ConnectAsync(host.Url);
        for (var number = 0; number < 200; number++)
        {
            var path = (number % 4) switch { 0 => "/a/items/b", 1 => "/clock", 2 => "/auth", _ => "/" };
            await client.SendAsync($$"""{"type":"REQUEST","cmd":"GET","path":"{{path}}","tunnel":{{number}}}""");
        }
        for (var number = 0; number < 200; number++) Assert.Equal(number, (int)(await client.ReceiveAsync())["tunnel"]!);
    }

    [Fact]
    public async Task SubscriptionsEndWhenAccessIsConfigured()
    {
        await using var host = await StartAsync(null);
        await using var client = await Client.ConnectAsync(host.Url);
        await using var writer = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/subs", """{"insert":[["/a/items/b",{}],["/a/other/b",{"as":"k"}]]}""");
        await client.NotificationAsync();
        await client.NotificationAsync();
        host.Change(WithKey("ssk_1"));
        JsonNode[] drops = [await client.NotificationAsync(), await client.NotificationAsync()];
        Assert.All(drops, drop => Assert.Equal("DROP unauthorized", $"{drop["cmd"]} {drop["error"]!["code"]}"));
        Assert.Equal(["/a/items/b ", "/a/other/b k"], drops.Select(drop => $"{drop["path"]} {drop["as"]}"));
        Assert.Equal("unauthorized", (string)(await writer.PutAsync("/a/items/b", """{"insert":[{"id":"1"}]}"""))["error"]!["code"]!);
        Assert.Empty((await client.GetAsync("/subs"))["data"]!.AsArray());

        host.Change(null);
        Assert.True((bool)(await writer.PutAsync("/a/items/b", """{"insert":[{"id":"1"}]}"""))["ok"]!);
        Assert.True((bool)(await client.GetAsync("/clock"))["ok"]!);
        Assert.Equal(0, client.KeptNotifications); // nothing after the DROP
    }

    [Fact]
    public async Task AClientThatDoesNotReadDoesNotKeepItsRights()
    {
        var loading = new TaskCompletionSource();
        var storage = new MemoryStorage { BeforeLoad = (key, _) => key.Collection == "b" ? loading.Task : Task.CompletedTask };
        var large = Encoding.UTF8.GetBytes($$"""{"id":"1","text":"{{new string('x', 900 << 10)}}"}""");
        await storage.CreateService().CommitAsync([new() { Key = new("a", "b"), Insert = [new("1", large)] }], CancellationToken.None);
        await using var host = await StartAsync(null, storage: storage);
        var (slow, _) = await HandshakeAsync(host, Handshake(), receiveBytes: 16 << 10);
        await using var unread = slow;
        for (var count = 0; count < 30; count++) await slow.SendAsync("""{"type":"REQUEST","cmd":"GET","path":"/a/items/b"}""");
        await slow.SendAsync("""{"type":"REQUEST","cmd":"GET","path":"/clock"}"""); // waits for the replies before it
        await slow.SendBytesAsync(Frame(Ping, []));
        Assert.Equal(Pong, (await slow.TryReceiveAsync())?.Opcode); // the host has read all requests
        loading.SetResult();
        var (bytes, since) = (0L, DateTime.UtcNow);
        await Wait.UntilAsync(() =>
        {
            if (host.OutboxBytes is var now && (now == 0 || now != bytes)) (bytes, since) = (now, DateTime.UtcNow);
            return DateTime.UtcNow - since > TimeSpan.FromSeconds(0.5);
        }, "the sockets take no more");
        host.Change(WithKey("ssk_1"));
        await Wait.UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return host.Connections == 0;
        }, "the connection is cut");
        const string Cut = "A connection was cut: its rights changed 00:00:10 ago";
        Assert.Contains(_log.Lines, line => line.StartsWith(Cut, StringComparison.Ordinal));
    }

    [Fact]
    public async Task AConnectionIsAnonymousWhenItsTokenExpires()
    {
        await using var host = await StartAsync(Config);
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/auth", Argument(Token(_time, claims: $$"""{"exp":{{Seconds(_time, 60)}}}""")));
        _time.Advance(TimeSpan.FromSeconds(85)); // within the leeway
        Assert.Equal("ann", (string?)(await client.GetAsync("/auth"))["data"]!["user"]);
        Assert.Equal("forbidden", (string)(await client.GetAsync("/a/items/b"))["error"]!["code"]!);
        await Wait.UntilAsync(async () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return (await client.GetAsync("/auth"))["data"]!["user"] is null;
        }, "the token has expired");
        Assert.True(_time.GetUtcNow() >= DateTimeOffset.UnixEpoch.AddDays(20_000).AddSeconds(90));
        Assert.Equal("unauthorized", (string)(await client.GetAsync("/a/items/b"))["error"]!["code"]!);
    }

    [Fact]
    public async Task ARemovedApiKeyEndsAtOnce()
    {
        await using var host = await StartAsync(WithKey("ssk_1"));
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/auth", """{"token":"ssk_1"}""");
        host.Change(WithKey("ssk_1", claims: """{"role":"guest"}"""));
        Assert.Equal("guest", (string?)(await client.GetAsync("/auth"))["data"]!["claims"]!["role"]);
        host.Change(WithKey("ssk_2"));
        Assert.Null((await client.GetAsync("/auth"))["data"]!["user"]);
        Assert.Equal("unauthorized", (string)(await client.PutAsync("/auth", """{"token":"ssk_1"}"""))["error"]!["code"]!);
    }

    [Fact]
    public async Task NoLogContainsAToken()
    {
        await using var host = await StartAsync(WithKey("ssk_1"));
        await using var client = await Client.ConnectAsync(host.Url);
        string[] tokens =
        [
            Token(_time), Token(_time, claims: """{"exp":1}"""), Token(_time, claims: """{"iss":"https://x.example/"}"""), "ssk_notthis",
            Forge("""{"alg":"none"}""", $$"""{"iss":"{{Name}}"}""", "secretsignature"), "eyJwrong.eyJwrong.wrong", new('q', 20_000),
        ];
        foreach (var token in tokens)
        {
            _time.Advance(2 * FailedAttempts.Interval); // so that no attempt is slowed down
            await client.PutAsync("/auth", Argument(token));
            var shortened = token[..Math.Min(token.Length, 4_000)];
            foreach (var request in new[] { Handshake($"/?token={shortened}"), Handshake("/", $"Authorization: Bearer {shortened}") })
            {
                var (socket, _) = await HandshakeAsync(host, request);
                await socket.DisposeAsync();
            }
        }
        Assert.NotEmpty(_log.Lines);
        foreach (var part in tokens.SelectMany(token => token.Split('.')).Where(part => part.Length > 0))
            Assert.DoesNotContain(_log.Lines, line => line.Contains(part[..Math.Min(part.Length, 12)], StringComparison.Ordinal));
    }

    [Fact]
    public async Task FailedAttemptsOfAnAddressAreSlowedDownAndValidOnesAreNot()
    {
        await using var host = await StartAsync(WithKey("ssk_1"));
        await using var client = await Client.ConnectAsync(host.Url);
        await using var other = await Client.ConnectAsync(host.Url);
        for (var attempt = 0; attempt < FailedAttempts.Free; attempt++) await client.PutAsync("/auth", """{"token":"ssk_wrong"}""");
        var slowed = client.PutAsync("/auth", """{"token":"ssk_wrong"}""");
        Assert.True((bool)(await other.PutAsync("/auth", """{"token":"ssk_1"}"""))["ok"]!);
        Assert.False(slowed.IsCompleted);
        var judged = () => _log.Lines.Count(line => line.Contains("was refused", StringComparison.Ordinal));
        await Wait.UntilAsync(() => judged() == FailedAttempts.Free + 1, "the attempt was judged");
        await Wait.UntilAsync(() =>
        {
            _time.Advance(FailedAttempts.Interval);
            return slowed.IsCompleted;
        }, "the clock moves");
        Assert.Equal("unauthorized", (string)(await slowed)["error"]!["code"]!);
    }

    [Fact]
    public void TheDelayGrowsToABoundAndGoesAway()
    {
        var failures = new FailedAttempts(_time);
        IPAddress one = IPAddress.Parse("10.0.0.1"), other = IPAddress.Parse("10.0.0.2");
        var delays = Enumerable.Range(0, 100).Select(_ => failures.Add(one)).ToArray();
        Assert.All(delays[..FailedAttempts.Free], delay => Assert.Equal(TimeSpan.Zero, delay));
        Assert.Equal(FailedAttempts.Interval, delays[FailedAttempts.Free]);
        Assert.Equal(FailedAttempts.Longest, delays[^1]);
        Assert.Equal(TimeSpan.Zero, failures.Add(other));
        _time.Advance(FailedAttempts.Free * FailedAttempts.Interval + FailedAttempts.Longest);
        Assert.Equal(TimeSpan.Zero, failures.Add(one));
    }

    private const string Put = """{"type":"REQUEST","cmd":"PUT","path":"/a/items/b","arg":{"insert":[{"id":"1"}]}}""";

    private static string PutAuth(string token) => """{"type":"REQUEST","cmd":"PUT","path":"/auth","arg":""" + Argument(token) + "}";

    private static string Argument(string token) => $$"""{"token":"{{token}}"}""";

    private Task<LiveHost> StartAsync(AccessConfig? access, DoorSettings? doors = null, MemoryStorage? storage = null) =>
        LiveHost.StartAsync(storage, time: _time, doors: doors, access: access, logger: _log);

    private static async Task<RawSocket> ConnectAsync(LiveHost host, params string[] headers)
    {
        var (socket, answer) = await HandshakeAsync(host, Handshake("/", headers));
        Assert.StartsWith("HTTP/1.1 101 ", answer);
        return socket;
    }
}
