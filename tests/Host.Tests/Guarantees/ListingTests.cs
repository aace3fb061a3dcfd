using System.Text.Json.Nodes;
using SharedState.Host.Contents;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>What listings, and reads of storage, cost other clients.</summary>
public sealed class ListingTests
{
    [Fact]
    public async Task AListingIsReadOnceUntilACollectionAppearsOrVanishes()
    {
        var storage = new MemoryStorage();
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/app/items/b", """{"insert":[{"id":"1"},{"id":"2"}]}""");
        await client.PutAsync("/more/items/c", """{"insert":[{"id":"1"}]}""");
        await AssertNamesAsync("/app/items", 1, "b");
        await client.PutAsync("/app/items/b", """{"insert":[{"id":"1"}],"remove":["2"]}""");
        await client.PutAsync("/more/items/d", """{"insert":[{"id":"1"}]}""");
        await AssertNamesAsync("/app/items", 1, "b");
        await client.PutAsync("/app/items/a", """{"insert":[{"id":"1"}]}""");
        await AssertNamesAsync("/app/items", 2, "a", "b");
        await AssertNamesAsync("/app/items", 2, "a", "b");
        await client.PutAsync("/app/items/b", """{"reset":true}""");
        await AssertNamesAsync("/app/items", 3, "a");
        await AssertNamesAsync("/more/items", 4, "c", "d");
        await AssertNamesAsync("/app/items", 4, "a");

        async Task AssertNamesAsync(string path, int reads, params string[] names)
        {
            Assert.Equal(names, (await client.GetAsync(path))["data"]!.AsArray().Select(name => (string)name!));
            Assert.Equal(reads, storage.Listings);
        }
    }

    [Fact]
    public async Task AListingIsReadAgainAfterACommitWhoseOutcomeIsUnknownAlsoIfItsCollectionCannotBeRead()
    {
        var storage = new MemoryStorage();
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await Client.ConnectAsync(host.Url);
        Assert.Equal("[]", (await client.GetAsync("/app/items"))["data"]!.ToJsonString());
        storage.AfterCommit = _ =>
        {
            storage.BeforeLoad = (_, _) => throw new ItemServiceException(ItemServiceFault.Unavailable, "away");
            throw new ItemServiceException(ItemServiceFault.OutcomeUnknown, "cut");
        };
        var reply = await client.PutAsync("/app/items/a", """{"insert":[{"id":"1"}]}""");
        Assert.Equal("unknown", (string?)reply["error"]!["code"]);
        Assert.Equal("""["a"]""", (await client.GetAsync("/app/items"))["data"]!.ToJsonString());
    }

    [Fact]
    public async Task NamesAreSortedByCodePoint()
    {
        string[] names = ["a", "a-b", "\ue000", "\uff5e", "\U0001f600", "\U0001f601"];
        var storage = new MemoryStorage();
        foreach (var name in names.Reverse())
            storage.CommitElsewhere(new() { Key = new("app", name), Insert = [new("1", """{"id":"1"}"""u8.ToArray())] });
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await Client.ConnectAsync(host.Url);
        Assert.Equal(names, (await client.GetAsync("/app/items"))["data"]!.AsArray().Select(name => (string)name!));
        Assert.Equal(
            names.Order(CodePointOrder.Instance), names.OrderBy(name => Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(name))));
        foreach (var (name, next) in names.Zip(names.Skip(1)))
        {
            var page = await client.AskAsync("GET", "/app/items", $$"""{"after":"{{name}}","limit":1}""");
            Assert.Equal(next, (string?)page["data"]![0]);
        }
    }

    [Fact]
    public async Task AListingThatIsReadWhileACollectionAppearsIsNotKept()
    {
        var storage = new MemoryStorage();
        await using var host = await LiveHost.StartAsync(storage);
        await using var writer = await Client.ConnectAsync(host.Url);
        await using var reader = await Client.ConnectAsync(host.Url);
        await writer.PutAsync("/app/items/a", """{"insert":[{"id":"1"}]}""");
        TaskCompletionSource begun = new(), read = new();
        storage.AfterListing = () =>
        {
            begun.SetResult();
            return read.Task;
        };
        var old = reader.GetAsync("/app/items");
        await begun.Task;
        storage.AfterListing = null;
        await writer.PutAsync("/app/items/b", """{"insert":[{"id":"1"}]}""");
        Assert.Equal("""["a","b"]""", (await writer.GetAsync("/app/items"))["data"]!.ToJsonString());
        read.SetResult();
        Assert.Equal("""["a"]""", (await old)["data"]!.ToJsonString());
        Assert.Equal("""["a","b"]""", (await reader.GetAsync("/app/items"))["data"]!.ToJsonString());
    }

    [Fact]
    public async Task CollectionsOfOtherHostsAppear()
    {
        var storage = new MemoryStorage(hasFeed: true);
        await using var host = await LiveHost.StartAsync(storage);
        await using var client = await Client.ConnectAsync(host.Url);
        await Wait.UntilAsync(
            async () =>
            {
                await client.GetAsync("/app/items");
                var reads = storage.Listings;
                await client.GetAsync("/app/items");
                return storage.Listings == reads;
            },
            "a listing is known while the feed is followed");
        storage.CommitElsewhere(new() { Key = new("app", "b"), Insert = [new("1", """{"id":"1"}"""u8.ToArray())] });
        await Wait.UntilAsync(
            async () => (await client.GetAsync("/app/items"))["data"]!.AsArray().Count == 1,
            "the other host's collection is listed",
            seconds: 5);
    }

    [Theory]
    [InlineData("""{"limit":2}""", """["a","b"]""")]
    [InlineData("""{"limit":2,"after":"b"}""", """["c","d"]""")]
    [InlineData("""{"limit":2,"after":"bb"}""", """["c","d"]""")]
    [InlineData("""{"limit":2,"after":"d"}""", """[]""")]
    [InlineData("""{"after":"a"}""", """["b","c","d"]""")]
    [InlineData("""{"limit":9,"other":[1]}""", """["a","b","c","d"]""")]
    [InlineData("""{}""", """["a","b","c","d"]""")]
    [InlineData("""7""", """["a","b","c","d"]""")]
    [InlineData("""{"limit":0}""", null)]
    [InlineData("""{"limit":"2"}""", null)]
    [InlineData("""{"after":2}""", null)]
    [InlineData("""{"limit":2,"limit":2}""", null)]
    public async Task AListingCanBeReadInPages(string argument, string? names)
    {
        await using var host = await LiveHost.StartAsync();
        await using var client = await Client.ConnectAsync(host.Url);
        foreach (var name in new[] { "d", "b", "a", "c" }) await client.PutAsync($"/app/items/{name}", """{"insert":[{"id":"1"}]}""");
        var reply = await client.AskAsync("GET", "/app/items", argument);
        if (names is null) Assert.Equal("bad_request", (string?)reply["error"]?["code"]);
        else Assert.Equal(names, reply["data"]!.ToJsonString());
    }

    [Fact]
    public async Task AReadWaitsForAFewOfAnotherClientAndNotForAll()
    {
        var (storage, begun, read) = (new MemoryStorage(), new List<string>(), new TaskCompletionSource());
        storage.BeforeLoad = (key, _) =>
        {
            if (key.App == "app") begun.Add(key.Collection);
            return read.Task;
        };
        using var host = new ModelHost(new() { ["items"] = storage, ["other"] = new() }, new());
        var (greedy, client) = (new ModelPeer(host, new(new(), []), 1 << 20), new ModelPeer(host, new(new(), []), 1 << 20));
        var inserts = Enumerable.Range(0, 100).Select(index => $$"""["/app/items/c{{index}}",{}]""");
        greedy.Send($$"""{"type":"REQUEST","cmd":"PUT","path":"/subs","arg":{"insert":[{{string.Join(',', inserts)}}]},"tunnel":1}""");
        host.Thread.Run();
        client.Send("""{"type":"REQUEST","cmd":"GET","path":"/app/items/small","tunnel":1}""");
        host.Thread.Run();
        Assert.DoesNotContain("small", begun);
        host.Thread.Raise(read.SetResult);
        await Wait.UntilAsync(
            () =>
            {
                host.Thread.Run();
                return begun.Count == 101;
            },
            "all collections are read");
        Assert.InRange(begun.IndexOf("small"), 4, 6);
        List<byte[]> replies = [];
        await Wait.UntilAsync(
            () =>
            {
                host.Thread.Run();
                replies.AddRange(client.ReadRaw());
                return replies.Count > 0;
            },
            "the read is answered");
        Assert.Empty(JsonNode.Parse(Assert.Single(replies))!["data"]!.AsArray());
    }
}
