using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Unicode;
using SharedState.Host.Tests.Engine;
using SharedState.Host.Tests.Protocol;
using SharedState.Items.Conformance;
using Xunit.Abstractions;

namespace SharedState.EndToEnd.Tests;

/// <summary>Whatever clients send, the real process on a real file can read it again after kill -9. SHAREDSTATE_SEED repeats a
/// run.</summary>
public sealed class NastyInputTests(ITestOutputHelper log)
{
    private const int Updates = 150, ItemsPerUpdate = 20, Messages = 2_000, MessagesPerConnection = 100;

    private readonly int _seed = Seed.Next();

    [Fact]
    public async Task UnusualItemsThatWereAnsweredComeBackByteForByteAfterKillMinus9()
    {
        log.WriteLine($"seed {_seed}");
        var random = new Random(_seed);
        var unusual = new UnusualItems(random);
        var expected = Enumerable.Range(0, 3).Select(_ => new Dictionary<string, string>(StringComparer.Ordinal)).ToArray();
        using var host = await LiveProcess.StartAsync();
        await using (var client = await Client.ConnectAsync(host.Url))
        {
            for (var update = 0; update < Updates; update++)
            {
                var place = random.Next(expected.Length);
                var items = Enumerable.Range(0, ItemsPerUpdate).Select(_ => unusual.Next()).ToArray();
                string[] remove = [.. expected[place].Keys.Where(id => random.Next(10) == 0 && items.All(item => item.Id != id))];
                var argument =
                    $$"""{"remove":{{JsonSerializer.Serialize(remove)}},"insert":[{{string.Join(',', items.Select(item => item.Json))}}]}""";
                await client.SendAsync($$"""{"type":"REQUEST","cmd":"PUT","path":"/app/items/{{place}}","arg":{{argument}},"tunnel":0}""");
                var reply = await client.ReceiveTextAsync();
                Assert.True(Root(reply!).GetProperty("ok").GetBoolean(), $"seed {_seed}: {reply}: {argument}");
                foreach (var id in remove) expected[place].Remove(id);
                foreach (var (id, json) in items) expected[place][id] = json;
            }
        }
        await host.Process.KillAsync();
        await host.StartAgainAsync();

        await using var again = await Client.ConnectAsync(host.Url);
        for (var place = 0; place < expected.Length; place++)
        {
            var stored = await GetAsync(again, $"/app/items/{place}");
            Assert.True(
                expected[place].Values.Order(StringComparer.Ordinal).SequenceEqual(stored.Items),
                $"seed {_seed}: collection {place} is not what was answered");
        }
    }

    [Fact]
    public async Task AfterAnyMessagesAndKillMinus9AllIsAsItWas()
    {
        log.WriteLine($"seed {_seed}");
        var fuzz = new MessageFuzz(new Random(_seed));
        using var host = await LiveProcess.StartAsync();
        for (var sent = 0; sent < Messages; sent += MessagesPerConnection)
        {
            await using var client = await Client.ConnectAsync(host.Url);
            var reading = ReadToEndOfBatchAsync(client);
            for (var count = 0; count < MessagesPerConnection; count++)
            {
                var message = fuzz.Next();
                // A text that is not UTF-8 would end the connection.
                await client.SendAsync(message, Utf8.IsValid(message) ? WebSocketMessageType.Text : WebSocketMessageType.Binary);
            }
            await client.SendAsync("""{"type":"REQUEST","cmd":"GET","path":"/subs","tunnel":"end of batch"}""");
            await reading;
        }

        var before = await AllAsync(host.Url);
        Assert.NotEmpty(before);
        await host.Process.KillAsync();
        await host.StartAgainAsync();
        var after = await AllAsync(host.Url);
        Assert.True(
            before.SequenceEqual(after),
            $"seed {_seed}: before the kill\n{string.Join('\n', before)}\nafter it\n{string.Join('\n', after)}");
    }

    private async Task ReadToEndOfBatchAsync(Client client)
    {
        while (true)
        {
            var text = await client.ReceiveTextAsync();
            Assert.True(
                text is not null,
                $"seed {_seed}: the connection was closed: {client.Socket.CloseStatus} {client.Socket.CloseStatusDescription}");
            if (text.Contains("\"end of batch\"", StringComparison.Ordinal)) return;
        }
    }

    /// <summary>All collections that have items, each as a text: its path, its position and its items in an order of their own.</summary>
    private static async Task<List<string>> AllAsync(Uri url)
    {
        await using var client = await Client.ConnectAsync(url);
        var all = new List<string>();
        foreach (var app in new[] { "f", "a" })
        {
            foreach (var name in (await client.GetAsync($"/{app}/items"))["data"]!.AsArray())
            {
                var path = $"/{app}/items/{(string)name!}";
                var (position, items) = await GetAsync(client, path);
                all.Add($"{path} {position} {string.Join(' ', items)}");
            }
        }
        return all;
    }

    private static async Task<(string Position, List<string> Items)> GetAsync(Client client, string path)
    {
        await client.SendAsync($$"""{"type":"REQUEST","cmd":"GET","path":{{JsonSerializer.Serialize(path)}},"tunnel":0}""");
        var text = await client.ReceiveTextAsync();
        var reply = Root(text!);
        Assert.True(reply.GetProperty("ok").GetBoolean(), text);
        return (
            $"{reply.GetProperty("rev")} {reply.GetProperty("epoch")}",
            [.. reply.GetProperty("data").EnumerateArray().Select(item => item.GetRawText()).Order(StringComparer.Ordinal)]);
    }

    /// <summary>The reply as it was sent: a <c>JsonNode</c> would write it anew, and refuses doubled keys.</summary>
    private static JsonElement Root(string reply) => JsonDocument.Parse(reply, new JsonDocumentOptions { MaxDepth = 1_000 }).RootElement;
}
