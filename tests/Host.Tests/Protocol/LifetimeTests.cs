using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Protocol;

/// <summary>PROTOCOL section 5, Lifetimes, by its letter: on real sockets, and on a clock that only the test moves.</summary>
public sealed class LifetimeTests
{
    private const string Path = "/app/items/a", Holder = "0123456789abcdef";

    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData("\"ttl\":0.09", "ttl:")]
    [InlineData("\"ttl\":31536001", "ttl:")]
    [InlineData("\"ttl\":\"5\"", "ttl:")]
    [InlineData("\"ttl\":1e999", "ttl:")]
    [InlineData("\"ttl\":5,\"ttl\":5", "ttl")]
    [InlineData("\"ephemeral\":1", "ephemeral:")]
    [InlineData("\"ephemeral\":{}", "ephemeral:")]
    [InlineData("\"ephemeral\":{\"holder\":\"short\"}", "ephemeral.holder:")]
    [InlineData("\"ephemeral\":{\"holder\":7}", "ephemeral.holder:")]
    [InlineData("\"ephemeral\":{\"holder\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0\"}", "ephemeral.holder:")]
    [InlineData("\"ephemeral\":{\"holder\":\"0123456789abcdef\",\"grace\":121}", "ephemeral.grace:")]
    [InlineData("\"ephemeral\":{\"holder\":\"0123456789abcdef\",\"grace\":-1}", "ephemeral.grace:")]
    [InlineData("\"ephemeral\":{\"holder\":\"0123456789abcdef\",\"time\":1}", "ephemeral:")]
    [InlineData("\"ttl\":5,\"ephemeral\":true", "\"ttl\" or \"ephemeral\"")]
    public async Task AMistakeNamesItsPlaceAndChangesNothing(string lifetime, string place)
    {
        await using var host = await LiveHost.StartAsync();
        await using var client = await Client.ConnectAsync(host.Url);
        var reply = await client.PutAsync(Path, $$"""{"insert":[{"id":"x"}],{{lifetime}}}""");
        Assert.Equal("bad_request", (string?)reply["error"]!["code"]);
        Assert.Contains(place, (string?)reply["error"]!["message"], StringComparison.Ordinal);
        Assert.Empty((await client.GetAsync(Path))["data"]!.AsArray());
    }

    [Theory]
    [InlineData("""{"insert":[{"id":"x","n":1}],"ttl":10}""")]
    [InlineData("""{"patch":[{"id":"x","n":1}],"ttl":10}""")]
    [InlineData("""{"inc":[{"id":"x","path":"n","by":1}],"ttl":10}""")]
    public async Task AnItemIsRemovedAfterItsTimeAndNotBefore(string update)
    {
        await using var host = await StartAsync();
        await using var client = await Client.ConnectAsync(host.Url);
        await SubscribeAsync(client);
        await OkAsync(client, update);
        Assert.Equal("""{"id":"x","n":1}""", (await client.NotificationAsync())["data"]!["insert"]![0]!.ToJsonString());
        Move(9.9);
        Assert.Equal(["x"], await IdsAsync(client));
        var end = await NextAsync(client);
        Assert.Equal("""["x"]""", end["data"]!["remove"]!.ToJsonString());
        Assert.Equal(2, (int)end["rev"]!);
        Assert.Empty(await IdsAsync(client));
    }

    [Fact]
    public async Task ATimeMayBeAYear()
    {
        await using var host = await LiveHost.StartAsync();
        await using var client = await Client.ConnectAsync(host.Url);
        await OkAsync(client, """{"insert":[{"id":"x"}],"ttl":31536000}""");
        await OkAsync(client, """{"insert":[{"id":"y"}],"ttl":0.1}""");
        await Wait.UntilAsync(async () => (await IdsAsync(client)).SequenceEqual(["x"]), "y is removed");
    }

    [Fact]
    public async Task ALaterInsertWithoutALifetimeMakesAnItemPermanent()
    {
        await using var host = await StartAsync();
        await using var client = await Client.ConnectAsync(host.Url);
        await SubscribeAsync(client);
        await OkAsync(client, """{"insert":[{"id":"x"},{"id":"y"}],"ttl":10}""");
        await OkAsync(client, """{"insert":[{"id":"x","again":true}]}""");
        Move(11);
        await UntilGoneAsync(client, "y");
        Assert.Equal(["x"], await IdsAsync(client));
        Move(100);
        Assert.Equal(["x"], await IdsAsync(client));
    }

    [Theory]
    [InlineData("""{"patch":[{"id":"x","n":5}]}""")]
    [InlineData("""{"inc":[{"id":"x","path":"n","by":5}]}""")]
    [InlineData("""{"patch":[{"id":"x"}]}""")]
    public async Task AnEditWithoutALifetimeLeavesItAsItIs(string edit)
    {
        await using var host = await StartAsync();
        await using var client = await Client.ConnectAsync(host.Url);
        await OkAsync(client, """{"insert":[{"id":"x"}],"ttl":10}""");
        Move(6);
        await OkAsync(client, edit);
        Assert.Equal(["x"], await IdsAsync(client));
        Move(4.3);
        await UntilGoneAsync(client, "x");
    }

    [Theory]
    [InlineData("""{"patch":[{"id":"x"}],"ttl":10}""")]
    [InlineData("""{"inc":[{"id":"x","path":"n","by":0}],"ttl":10}""")]
    public async Task ARenewalWithoutAnotherEffectIsQuiet(string renewal)
    {
        await using var host = await StartAsync();
        await using var client = await Client.ConnectAsync(host.Url);
        await SubscribeAsync(client);
        await OkAsync(client, """{"insert":[{"id":"x","n":1}],"ttl":10}""");
        await client.NotificationAsync();
        for (var round = 0; round < 3; round++)
        {
            Move(7);
            Assert.Equal(1, (int)(await OkAsync(client, renewal))["rev"]!);
        }
        Assert.Equal(0, client.KeptNotifications);
        Move(9.9);
        Assert.Equal(["x"], await IdsAsync(client));
        Assert.Equal("""["x"]""", (await NextAsync(client))["data"]!["remove"]!.ToJsonString());
    }

    [Fact]
    public async Task ARefusedRenewalChangesNothing()
    {
        await using var host = await StartAsync();
        await using var client = await Client.ConnectAsync(host.Url);
        await OkAsync(client, """{"insert":[{"id":"x"}],"ttl":10}""");
        Move(6);
        var refused = await client.PutAsync(Path, """{"patch":[{"id":"x"}],"ttl":100,"if":{"absent":["x"]}}""");
        Assert.Equal("conflict", (string?)refused["error"]!["code"]);
        Move(4.3);
        await UntilGoneAsync(client, "x");
    }

    [Fact]
    public async Task AnItemMayChangeFromOneLifetimeToAnother()
    {
        await using var host = await StartAsync();
        await using var client = await Client.ConnectAsync(host.Url);
        await using var observer = await Client.ConnectAsync(host.Url);
        await OkAsync(client, """{"insert":[{"id":"x"},{"id":"y"}],"ttl":10}""");
        await OkAsync(client, """{"patch":[{"id":"x"}],"ephemeral":true}""");
        await OkAsync(client, """{"insert":[{"id":"y"}],"ttl":1000}""");
        Move(11);
        Assert.Equal(["x", "y"], await IdsAsync(observer));
        await client.DisposeAsync();
        await UntilGoneAsync(observer, "x");
        Assert.Equal(["y"], await IdsAsync(observer));
    }

    [Fact]
    public async Task EphemeralItemsEndTogetherWithTheirConnection()
    {
        await using var host = await StartAsync();
        await using var observer = await Client.ConnectAsync(host.Url);
        await OkAsync(observer, """{"insert":[{"id":"permanent"}]}""");
        await using (var client = await Client.ConnectAsync(host.Url))
        {
            await OkAsync(client, """{"insert":[{"id":"x"}],"ephemeral":true}""");
            await OkAsync(client, """{"insert":[{"id":"y"}],"ephemeral":true}""");
            await OkAsync(client, """{"insert":[{"id":"mine"}]}""");
            await SubscribeAsync(observer);
            Move(1_000);
            Assert.Equal(["mine", "permanent", "x", "y"], await IdsAsync(observer));
        }
        Assert.Equal(["x", "y"], (await NextAsync(observer))["data"]!["remove"]!.AsArray().Select(id => (string?)id).Order());
        Assert.Equal(["mine", "permanent"], await IdsAsync(observer));
    }

    [Fact]
    public async Task AHolderLivesAsLongAsAConnectionAndItsGrace()
    {
        await using var host = await StartAsync();
        await using var observer = await Client.ConnectAsync(host.Url);
        var first = await Client.ConnectAsync(host.Url);
        await OkAsync(first, $$$"""{"insert":[{"id":"x"}],"ephemeral":{"holder":"{{{Holder}}}","grace":20}}""");
        await first.DisposeAsync();
        await Wait.UntilAsync(() => host.Connections == 1, "the connection is gone");
        Move(15);
        Assert.Equal(["x"], await IdsAsync(observer));

        // Another connection names the holder in another collection, with an empty update; its grace counts from now on.
        var second = await Client.ConnectAsync(host.Url);
        Assert.True((bool)(await second.PutAsync("/app/items/b", $$$"""{"ephemeral":{"holder":"{{{Holder}}}","grace":5}}"""))["ok"]!);
        Move(100);
        Assert.Equal(["x"], await IdsAsync(observer));
        await second.DisposeAsync();
        await Wait.UntilAsync(() => host.Connections == 1, "the connection is gone");
        await host.SettledAsync();
        Move(4.9);
        Assert.Equal(["x"], await IdsAsync(observer));
        Move(0.4);
        await UntilGoneAsync(observer, "x");
    }

    [Fact]
    public async Task ARefusedUpdateNamesNoHolder()
    {
        await using var host = await StartAsync();
        await using var observer = await Client.ConnectAsync(host.Url);
        await using var second = await Client.ConnectAsync(host.Url);
        var first = await Client.ConnectAsync(host.Url);
        await OkAsync(first, $$$"""{"insert":[{"id":"x"}],"ephemeral":{"holder":"{{{Holder}}}"}}""");
        var refused = await second.PutAsync(
            Path, $$$"""{"insert":[{"id":"y"}],"if":{"absent":["x"]},"ephemeral":{"holder":"{{{Holder}}}"}}""");
        Assert.False((bool)refused["ok"]!);
        await first.DisposeAsync();
        await UntilGoneAsync(observer, "x");
    }

    [Fact]
    public async Task AnItemOfAnEndedHolderThatWasWrittenAgainStays()
    {
        await using var host = await StartAsync();
        await using var observer = await Client.ConnectAsync(host.Url);
        var first = await Client.ConnectAsync(host.Url);
        await OkAsync(first, """{"insert":[{"id":"x"},{"id":"y"},{"id":"z"}],"ephemeral":true}""");
        await using var second = await Client.ConnectAsync(host.Url);
        await OkAsync(second, """{"insert":[{"id":"x"}]}""");
        await OkAsync(second, """{"insert":[{"id":"y"}],"ephemeral":true}""");
        await first.DisposeAsync();
        await UntilGoneAsync(observer, "z");
        Move(10);
        Assert.Equal(["x", "y"], await IdsAsync(observer));
    }

    [Fact]
    public async Task ItemsThatEndAtTheSameMomentEndInOneNotification()
    {
        await using var host = await StartAsync();
        await using var client = await Client.ConnectAsync(host.Url);
        for (var n = 0; n < 20; n++) await OkAsync(client, $$"""{"insert":[{"id":"{{n}}"}],"ttl":{{(n % 2 == 0 ? 10 : 5)}}}""");
        await SubscribeAsync(client);
        Assert.Equal(10, (await NextAsync(client))["data"]!["remove"]!.AsArray().Count);
        Assert.Equal(10, (await NextAsync(client))["data"]!["remove"]!.AsArray().Count);
    }

    [Fact]
    public async Task NoClientCanNameTheRecordsAndNoListingShowsThem()
    {
        await using var host = await StartAsync();
        await using var client = await Client.ConnectAsync(host.Url);
        await OkAsync(client, """{"insert":[{"id":"x"}],"ephemeral":true}""");
        Assert.Equal("""["a"]""", (await client.GetAsync("/app/items"))["data"]!.ToJsonString());
        foreach (var path in new[] { "/.host/items", "/.host/items/leases" })
            Assert.Equal("bad_request", (string?)(await client.GetAsync(path))["error"]!["code"]);
        Assert.Equal("""[{"id":"x"}]""", (await client.GetAsync(Path))["data"]!.ToJsonString());
    }

    // A peer that the test does not read from is not dead.
    private Task<LiveHost> StartAsync() => LiveHost.StartAsync(time: _time, limits: new() { PingInterval = TimeSpan.FromHours(1) });

    private static async Task<JsonNode> OkAsync(Client client, string update)
    {
        var reply = await client.PutAsync(Path, update);
        Assert.True((bool)reply["ok"]!, reply.ToJsonString());
        return reply;
    }

    private static async Task SubscribeAsync(Client client)
    {
        await client.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
        Assert.True((bool)(await client.NotificationAsync())["data"]!["reset"]!);
    }

    private static async Task<IEnumerable<string?>> IdsAsync(Client client) =>
        (await client.GetAsync(Path))["data"]!.AsArray().Select(item => (string?)item!["id"]).Order();

    private void Move(double seconds)
    {
        for (var left = TimeSpan.FromSeconds(seconds); left > TimeSpan.Zero; left -= TimeSpan.FromSeconds(1))
            _time.Advance(left < TimeSpan.FromSeconds(1) ? left : TimeSpan.FromSeconds(1));
    }

    private Task UntilGoneAsync(Client client, string id) => Wait.UntilAsync(
        async () =>
        {
            Move(0.05);
            return !(await IdsAsync(client)).Contains(id);
        },
        $"{id} is removed");

    /// <summary>The next notification, while time goes on.</summary>
    private async Task<JsonNode> NextAsync(Client client)
    {
        var next = client.NotificationAsync();
        while (!next.IsCompleted)
        {
            Move(0.05);
            await Task.Delay(5);
        }
        return await next;
    }
}
