using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using SharedState.Host.Access;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Access;

/// <summary>Rights that end while a client follows a collection: with its token, or with a rule.</summary>
public sealed class ChangingRightsTests
{
    private const string Path = "/a/items/c";
    private const string Own = """{"path": "/a/items/*", "who": "user", "read": {"owner": "{sub}"}, "write": {"owner": "{sub}"}}""";
    private const string Open = """{"path": "/a/items/*", "who": "anyone", "read": {"open": true}}""";

    // More than the kernel keeps for a client that does not read.
    private const int Items = 8_000, ItemBytes = 1_000;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddDays(20_000));

    [Fact]
    public async Task ASubscriptionWithAReadConditionEndsWithItsToken()
    {
        await using var host = await StartAsync(Own);
        await using var root = await ConnectAsync(host, "ssk_root");
        await using var ann = await ConnectAsync(host, Token(60));
        await root.PutAsync(Path, """{"insert":[{"id":"1","owner":"ann"},{"id":"2","owner":"bob"}]}""");
        await ann.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{}],["{{Path}}",{"as":"w","order":[["n",1]],"limit":5}]]}""");
        foreach (var _ in new[] { 1, 2 }) Assert.Equal(["1"], Ids((await ann.NotificationAsync())["data"]!["insert"]!));
        JsonNode[] drops = [await ExpireAsync(ann), await ann.NotificationAsync()];
        Assert.All(drops, drop => Assert.Equal("DROP unauthorized", $"{drop["cmd"]} {drop["error"]!["code"]}"));
        await root.PutAsync(Path, """{"insert":[{"id":"3","owner":"ann"}]}""");
        Assert.Empty((await ann.GetAsync("/subs"))["data"]!.AsArray());
        Assert.Equal("unauthorized", (string?)(await ann.GetAsync(Path))["error"]!["code"]);
        Assert.Equal(0, ann.KeptNotifications);
    }

    [Fact]
    public async Task ASubscriptionKeepsWhatAnonymousClientsMayReadWhenItsTokenExpires()
    {
        await using var host = await StartAsync(Own, Open);
        await using var root = await ConnectAsync(host, "ssk_root");
        await using var ann = await ConnectAsync(host, Token(60));
        await root.PutAsync(Path, """{"insert":[{"id":"1","owner":"ann"},{"id":"2","open":true},{"id":"3","owner":"ann","open":true}]}""");
        await ann.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
        Assert.Equal(["1", "2", "3"], Ids((await ann.NotificationAsync())["data"]!["insert"]!));
        var less = await ExpireAsync(ann);
        Assert.True((bool)less["data"]!["reset"]!);
        Assert.Equal(["2", "3"], Ids(less["data"]!["insert"]!));
        await root.PutAsync(Path, """{"insert":[{"id":"1","owner":"ann","n":1},{"id":"4","open":true}]}""");
        Assert.Equal(["4"], Ids((await ann.NotificationAsync())["data"]!["insert"]!));
    }

    [Fact]
    public async Task AnotherTokenOfTheSameUserKeepsTheSubscriptionAsItIs()
    {
        await using var host = await StartAsync(Own);
        await using var root = await ConnectAsync(host, "ssk_root");
        await using var ann = await ConnectAsync(host, Token(60));
        await root.PutAsync(Path, """{"insert":[{"id":"1","owner":"ann"}]}""");
        await ann.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
        await ann.NotificationAsync();
        await ann.PutAsync("/auth", $$"""{"token":"{{Token(600)}}"}""");
        for (var second = 0; second < 120; second++) _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("ann", (string?)(await ann.GetAsync("/auth"))["data"]!["user"]);
        await root.PutAsync(Path, """{"insert":[{"id":"2","owner":"ann"}]}""");
        var change = await ann.NotificationAsync();
        Assert.False((bool)change["data"]!["reset"]!);
        Assert.Equal(["2"], Ids(change["data"]!["insert"]!));
    }

    [Theory]
    [InlineData(false)] // a rule is taken away
    [InlineData(true)]  // the token expires
    public async Task TheRestOfASnapshotInPartsIsNotSentWhenRightsEnd(bool expires)
    {
        // A stop waits by this clock for connections that do not end. A failed test lets it run, so that the test ends.
        await using var clock = new Timer(_ => _time.Advance(TimeSpan.FromSeconds(1)));
        await using var host = await StartAsync(Own, Open);
        await using var root = await ConnectAsync(host, "ssk_root");
        await FillAsync(root);
        var (slow, _) = await RawSocket.HandshakeAsync(
            host, RawSocket.Handshake("/", $"Authorization: Bearer {(expires ? Token(60) : "ssk_ann")}"), receiveBytes: 16 << 10);
        await using var __ = slow;
        await slow.SendAsync(Subscribe);
        Assert.Equal("REPLY", (string?)(await slow.ReceiveAsync())["type"]);
        var first = await slow.ReceiveAsync();
        Assert.True((bool)first["more"]!);

        // The client does not read, and most of the snapshot is not sent yet.
        await using var witness = await WitnessAsync(host, Token(60));
        if (expires) await ExpireAsync(witness);
        else host.Change(Config(Open));
        _time.Advance(TimeSpan.FromSeconds(1)); // each connection is looked at once a second
        await slow.SendAsync("""{"type":"REQUEST","cmd":"GET","path":"/clock","tunnel":"after"}""");
        try
        {
            await OnlyTheRestIsShownAsync(slow, (string)first["epoch"]!);
        }
        finally
        {
            clock.Change(TimeSpan.Zero, TimeSpan.FromMilliseconds(20));
        }
    }

    [Fact]
    public async Task ADropEndsASnapshotInParts()
    {
        await using var host = await StartAsync(Own);
        await using var root = await ConnectAsync(host, "ssk_root");
        await FillAsync(root);
        await using var ann = await ConnectAsync(host, "ssk_ann");
        await ann.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{"part":16384}]]}""");
        Assert.True((bool)(await ann.NotificationAsync())["more"]!);
        host.Change(Config());
        var (last, seen) = (await ann.NotificationAsync(), 1);
        for (; (string?)last["cmd"] == "NOTIFY"; seen++) last = await ann.NotificationAsync();
        Assert.Equal("DROP forbidden", $"{last["cmd"]} {last["error"]!["code"]}");
        await root.PutAsync(Path, """{"insert":[{"id":"new","owner":"ann"}]}""");
        Assert.Empty((await ann.GetAsync("/subs"))["data"]!.AsArray());
        Assert.Equal(0, ann.KeptNotifications);
    }

    [Fact]
    public async Task ATokenThatExpiresWhileAnUpdateWaitsRefusesIt()
    {
        var storage = new MemoryStorage();
        await using var host = await LiveHost.StartAsync(storage, time: _time, limits: Patient, access: Config(Own));
        await using var root = await ConnectAsync(host, "ssk_root");
        await using var ann = await ConnectAsync(host, Token(1));
        await root.PutAsync(Path, """{"insert":[{"id":"0"}]}""");
        _time.Advance(TimeSpan.FromSeconds(27));
        var (reached, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        storage.BeforeCommit = (_, _) =>
        {
            reached.TrySetResult();
            return go.Task;
        };
        var first = root.PutAsync(Path, """{"insert":[{"id":"1"}]}""");
        await reached.Task;
        var large = new string('x', 300 << 10); // counts in the budget of unanswered requests
        var waits = ann.PutAsync(Path, $$"""{"insert":[{"id":"2","owner":"ann","x":"{{large}}"}]}""");
        await Wait.UntilAsync(() => host.RequestBytes > 0, "the update waits for its commit");
        _time.Advance(TimeSpan.FromSeconds(5)); // less than a commit may take
        go.SetResult();
        Assert.True((bool)(await first)["ok"]!);
        Assert.False((bool)(await waits)["ok"]!);
        Assert.Equal(["0", "1"], Ids((await root.GetAsync(Path))["data"]!));
    }

    private static string Subscribe => $$$"""{"type":"REQUEST","cmd":"PUT","path":"/subs","arg":{"insert":[["{{{Path}}}",{"part":16384}]]}}""";

    // The clock goes faster than clients answer.
    private static Limits Patient => new() { PingInterval = TimeSpan.FromHours(1), StalledTime = TimeSpan.FromHours(1) };

    private static AccessConfig Config(params string[] rules) => TestRules.Of(rules) with { Issuers = TestIssuer.Config.Issuers };

    private Task<LiveHost> StartAsync(params string[] rules) => LiveHost.StartAsync(time: _time, limits: Patient, access: Config(rules));

    private string Token(int seconds) => TestIssuer.Token(_time, claims: $$"""{"exp":{{TestIssuer.Seconds(_time, seconds)}}}""");

    /// <summary>A client of another connection, which is told the end of its token like all others.</summary>
    private static async Task<Client> WitnessAsync(LiveHost host, string token)
    {
        var client = await ConnectAsync(host, token);
        await client.PutAsync("/subs", """{"insert":[["/a/items/empty",{}]]}""");
        await client.NotificationAsync();
        return client;
    }

    /// <summary>Lets the time pass until the token of a client has ended; returns its next notification.</summary>
    private async Task<JsonNode> ExpireAsync(Client client)
    {
        var next = client.NotificationAsync();
        await Wait.UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return next.IsCompleted;
        }, "the token has expired");
        return await next;
    }

    /// <summary>Reads until the client has what it may see now, and the answer to a request.</summary>
    private static async Task OnlyTheRestIsShownAsync(RawSocket slow, string before)
    {
        var (hidden, shown, answered) = (0, new List<string>(), false);
        for (var whole = false; !whole || !answered;)
        {
            var message = await slow.ReceiveAsync();
            if ((string?)message["tunnel"] == "after")
            {
                answered = true;
                continue;
            }
            var items = message["data"]!["insert"]!.AsArray();
            if ((string?)message["epoch"] == before)
            {
                Assert.Empty(shown); // nothing of the former snapshot follows the other one
                hidden += items.Count;
                continue;
            }
            Assert.All(items, item => Assert.True((bool)item!["open"]!));
            shown.AddRange(Ids(items));
            whole = message["more"] is null;
        }
        Assert.True(hidden < Items / 2, $"{hidden} of {Items} items were sent on");
        for (var count = 0; count < 20; count++) // between two replies, there would be a part
        {
            await slow.SendAsync("""{"type":"REQUEST","cmd":"GET","path":"/clock"}""");
            Assert.Equal("REPLY", (string?)(await slow.ReceiveAsync())["type"]);
        }
        Assert.Equal(["o1", "o2"], shown);
    }

    private static async Task<Client> ConnectAsync(LiveHost host, string token)
    {
        var client = await Client.ConnectAsync(host.Url);
        Assert.True((bool)(await client.PutAsync("/auth", $$"""{"token":"{{token}}"}"""))["ok"]!);
        return client;
    }

    private static async Task FillAsync(Client root)
    {
        var text = new string('x', ItemBytes);
        var own = Enumerable.Range(0, Items).Select(id => $$"""{"id":"{{id}}","owner":"ann","text":"{{text}}"}""");
        var list = string.Join(',', own.Concat(["""{"id":"o1","open":true}""", """{"id":"o2","open":true}"""]));
        Assert.True((bool)(await root.PutAsync(Path, $$"""{"insert":[{{list}}]}"""))["ok"]!);
    }

    private static string[] Ids(JsonNode items) =>
        [.. items.AsArray().Select(item => (string)item!["id"]!).Order(StringComparer.Ordinal)];
}
