using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Protocol;

/// <summary>Section 5 of the protocol, Parts: large notifications that go out in pieces, with other messages between them.</summary>
public sealed class PartTests
{
    private const int PartBytes = 16 << 10;
    private const string Large = "/app/items/large", Small = "/app/items/small";

    // More than the kernel keeps for a client that does not read.
    private const int ItemBytes = 1_000, Items = 8_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ASnapshotComesInPartsThatTogetherAreTheCollection(bool compression)
    {
        await using var host = await LiveHost.StartAsync(compression: compression);
        await FillAsync(host, 300);
        await using var client = await Client.ConnectAsync(host.Url, options =>
        {
            if (compression) options.DangerousDeflateOptions = new() { ClientContextTakeover = false, ServerContextTakeover = false };
        });
        await client.PutAsync("/subs", $$"""{"insert":[["{{Large}}",{"part":{{PartBytes}},"as":"x"}]]}""");

        var parts = await PartsAsync(client);
        Assert.True(parts.Count >= 300 * ItemBytes / (PartBytes + 10_000), $"{parts.Count} parts");
        Assert.All(parts, part => Assert.InRange(part.ToJsonString().Length, 2, PartBytes + 12_000));
        Assert.All(
            parts,
            part =>
                Assert.Equal(
                    (Large, "x", true, 1L), ((string)part["path"]!, (string)part["as"]!, (bool)part["data"]!["reset"]!, (long)part["rev"]!))
        );
        var ids = parts.SelectMany(part => part["data"]!["insert"]!.AsArray()).Select(item => (string)item!["id"]!).ToArray();
        Assert.Equal(Enumerable.Range(0, 300).Select(id => $"{id}"), ids);

        // From here on changes come as to any subscription.
        await client.PutAsync(Large, """{"remove":["7"]}""");
        var change = await client.NotificationAsync();
        Assert.Equal((1, 2), ((int)change["prev"]!, (int)change["rev"]!));
        Assert.Null(change["more"]);
    }

    [Fact]
    public async Task ADifferenceComesInPartsWithItsRemovalsFirst()
    {
        await using var host = await LiveHost.StartAsync();
        await FillAsync(host, 3_000, itemBytes: 50);
        await using var client = await Client.ConnectAsync(host.Url);
        var epoch = (string)(await client.GetAsync(Large))["epoch"]!;
        var remove = string.Join(',', Enumerable.Range(0, 2_990).Select(id => $"\"{id}\""));
        await client.PutAsync(Large, $$"""{"remove":[{{remove}}],"insert":[{"id":"new"}]}""");
        await client.PutAsync("/subs", $$"""{"insert":[["{{Large}}",{"part":{{PartBytes}},"since":1,"epoch":"{{epoch}}"}]]}""");

        var parts = await PartsAsync(client);
        Assert.True(parts.Count > 1);
        Assert.All(parts, part => Assert.Equal((false, 1L, 2L), ((bool)part["data"]!["reset"]!, (long)part["prev"]!, (long)part["rev"]!)));
        var removed = parts.SelectMany(part => part["data"]!["remove"]!.AsArray()).Select(id => (string)id!).ToHashSet();
        Assert.Equal(2_990, removed.Count);
        Assert.Equal("new", (string)parts[^1]["data"]!["insert"]![0]!["id"]!);
    }

    [Fact]
    public async Task ASmallCollectionIsLiveWhileALargeOneIsUnderWay()
    {
        await using var host = await LiveHost.StartAsync();
        await FillAsync(host, Items);
        var (slow, _) = await RawSocket.HandshakeAsync(host, RawSocket.Handshake(), receiveBytes: 16 << 10);
        await using var __ = slow;
        await using var other = await Client.ConnectAsync(host.Url);
        await slow.SendAsync(
            $$$$"""{"type":"REQUEST","cmd":"PUT","path":"/subs","arg":{"insert":[["{{{{Large}}}}",{"part":{{{{PartBytes}}}}}],["{{{{Small}}}}",{"part":{{{{PartBytes}}}}}]]}}"""
        );
        Assert.Equal("REPLY", (string?)(await slow.ReceiveAsync())["type"]);
        // From here on the client does not read, and most of the large collection cannot be sent.
        await slow.SendAsync($$"""{"type":"REQUEST","cmd":"PUT","path":"{{Small}}","arg":{"insert":[{"id":"own"}]},"tunnel":"own"}""");
        await Wait.UntilAsync(
            async () => (await other.GetAsync(Small))["data"]!.AsArray().Count == 1, "the update of the slow client is stored");

        var order = new List<string>();
        for (var more = true; more;)
        {
            var message = await slow.ReceiveAsync();
            order.Add((string?)message["tunnel"] ?? (string)message["path"]!);
            more = (string?)message["path"] != Large || message["more"] is not null;
        }
        Assert.True(order.Count > Items * ItemBytes / (PartBytes * 2), $"{order.Count} messages");
        Assert.InRange(order.IndexOf("own"), order.IndexOf(Small) + 1, order.Count / 2);
    }

    [Fact]
    public async Task AChangeAndItsReplyFollowTheLastPart()
    {
        await using var host = await LiveHost.StartAsync();
        await FillAsync(host, Items);
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/subs", $$"""{"insert":[["{{Large}}",{"part":{{PartBytes}}}]]}""");
        var reply = client.PutAsync(Large, """{"insert":[{"id":"own"}]}""");
        Assert.True((bool)(await reply)["ok"]!);
        var seen = new List<JsonNode>();
        while (client.KeptNotifications > 0) seen.Add(await client.NotificationAsync());
        Assert.Null(seen[^2]["more"]);
        Assert.Equal((long)seen[^2]["rev"]!, (long)seen[^1]["prev"]!);
        Assert.Equal("own", (string)seen[^1]["data"]!["insert"]![0]!["id"]!);
    }

    [Fact]
    public async Task OnlyAFewNotificationsOfAConnectionAreSentInPartsAtATimeAndAllArrive()
    {
        await using var host = await LiveHost.StartAsync();
        await FillAsync(host, 300);
        await using var client = await Client.ConnectAsync(host.Url);
        var list = string.Join(',', Enumerable.Range(0, 10).Select(name => $$"""["{{Large}}",{"part":{{PartBytes}},"as":"{{name}}"}]"""));
        await client.PutAsync("/subs", $$"""{"insert":[{{list}}]}""");
        var (underway, items) = (new HashSet<string>(), new Dictionary<string, int>());
        while (items.Count < 10 || underway.Count > 0)
        {
            var part = await client.NotificationAsync();
            var name = (string)part["as"]!;
            items[name] = items.GetValueOrDefault(name) + part["data"]!["insert"]!.AsArray().Count;
            if (part["more"] is null) underway.Remove(name);
            else underway.Add(name);
            Assert.InRange(underway.Count, 0, 4);
        }
        Assert.All(items, pair => Assert.Equal(300, pair.Value));

        // All ten are current.
        await client.PutAsync(Large, """{"remove":["7"]}""");
        Assert.Equal(10, client.KeptNotifications);
    }

    [Fact]
    public async Task AChangeThatRemovesManyItemsComesInParts()
    {
        await using var host = await LiveHost.StartAsync();
        await FillAsync(host, 8_000, itemBytes: 1);
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/subs", $$"""{"insert":[["{{Large}}",{"part":{{PartBytes}}}]]}""");
        await PartsAsync(client);
        await client.PutAsync(Large, $$"""{"remove":[{{string.Join(',', Enumerable.Range(0, 7_990).Select(id => $"\"{id}\""))}}]}""");
        var parts = await PartsAsync(client);
        Assert.True(parts.Count > 2, $"{parts.Count} parts");
        Assert.Equal(7_990, parts.Sum(part => part["data"]!["remove"]!.AsArray().Count));
    }

    [Fact]
    public async Task NoPartFollowsTheReplyThatEndsTheSubscription()
    {
        await using var host = await LiveHost.StartAsync();
        await FillAsync(host, Items);
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/subs", $$"""{"insert":[["{{Large}}",{"part":{{PartBytes}}}]]}""");
        await client.NotificationAsync();
        await client.PutAsync("/subs", """{"insert":[]}""");
        while (client.KeptNotifications > 0) await client.NotificationAsync();
        Assert.Equal("[]", (await client.GetAsync("/subs"))["data"]!.ToJsonString());
        Assert.Equal(0, client.KeptNotifications);
    }

    [Theory]
    [InlineData("16383")]
    [InlineData("1048577")]
    [InlineData("\"16384\"")]
    public async Task AWrongSizeIsRefused(string part)
    {
        await using var host = await LiveHost.StartAsync();
        await using var client = await Client.ConnectAsync(host.Url);
        var reply = await client.PutAsync("/subs", $$"""{"insert":[["{{Large}}",{"part":{{part}}}]]}""");
        Assert.Equal("bad_request", (string?)reply["error"]!["code"]);
        Assert.Contains("16384", (string?)reply["data"], StringComparison.Ordinal);
    }

    private static async Task FillAsync(LiveHost host, int items, int itemBytes = ItemBytes)
    {
        await using var client = await Client.ConnectAsync(host.Url);
        var list = string.Join(
            ',', Enumerable.Range(0, items).Select(id => $$"""{"id":"{{id}}","text":"{{new string('x', itemBytes)}}"}"""));
        Assert.True((bool)(await client.PutAsync(Large, $$"""{"insert":[{{list}}]}"""))["ok"]!);
    }

    private static async Task<List<JsonNode>> PartsAsync(Client client)
    {
        var parts = new List<JsonNode>();
        do parts.Add(await client.NotificationAsync());
        while (parts[^1]["more"] is not null);
        return parts;
    }
}
