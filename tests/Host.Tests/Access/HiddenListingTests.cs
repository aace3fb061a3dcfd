using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Access;

/// <summary>Listings for a client that may see some items, among thousands of collections of which it may see nothing.</summary>
public sealed class HiddenListingTests
{
    private const int Hidden = 1_200, Most = 100;

    private static readonly string[] Rules =
    [
        """{"path": "/a/items/*", "who": "user", "read": {"owner": "{sub}"}}""", """{"path": "/a/items", "who": "user", "list": true}""",
    ];

    // Before, among and behind the hidden ones, which are h0000 to h1199.
    private static readonly string[] Visible =
        ["a", "b", .. Enumerable.Range(0, 130).Select(number => $"h{9 * number:0000}x"), "x", "y", "z"];

    [Fact]
    public async Task AListingNamesAllVisibleCollectionsHoweverManyAreHidden()
    {
        await using var host = await StartAsync(Visible, Hidden);
        await using var ann = await AnnAsync(host);
        Assert.Equal(Visible, await NamesAsync(ann, null));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(Most)]
    public async Task PagesAreFullUpToTheLastOneHoweverManyCollectionsAreHidden(int most)
    {
        await using var host = await StartAsync(Visible, Hidden);
        await using var ann = await AnnAsync(host);
        var (names, after) = (new List<string>(), "");
        while (true)
        {
            var page = await NamesAsync(ann, $$"""{"limit":{{most}},"after":"{{after}}"}""");
            names.AddRange(page);
            if (page.Length < most) break;
            after = page[^1];
        }
        Assert.Equal(Visible, names);
    }

    [Fact]
    public async Task TheAnswerIsTheSameHoweverManyCollectionsAreHidden()
    {
        await using var few = await StartAsync(Visible, 1);
        await using var many = await StartAsync(Visible, Hidden);
        await using var one = await AnnAsync(few);
        await using var other = await AnnAsync(many);
        foreach (var argument in new[] { null, """{"limit":2,"after":"b"}""", """{"limit":2}""", """{"limit":50,"after":"h1199"}""", """{"after":"z"}""" })
        {
            var (here, there) = (await one.AskAsync("GET", "/a/items", argument), await other.AskAsync("GET", "/a/items", argument));
            Assert.Equal(here.ToJsonString(), there.ToJsonString());
        }
    }

    [Fact]
    public async Task OtherClientsAreAnsweredWhileAListingLooksIntoManyCollections()
    {
        var storage = Storage(Visible, Hidden);
        await using var host = await LiveHost.StartAsync(storage, access: TestRules.Of(Rules));
        await using var ann = await AnnAsync(host);
        await using var other = await AnnAsync(host);
        Assert.True((bool)(await other.GetAsync("/a/items/a"))["ok"]!);
        var looked = 0;
        var go = new TaskCompletionSource();
        storage.BeforeLoad = (_, _) => Interlocked.Increment(ref looked) == Hidden / 2 ? go.Task : Task.CompletedTask;
        var listing = NamesAsync(ann, null);
        await Wait.UntilAsync(() => Volatile.Read(ref looked) >= Hidden / 2, "half of the collections are read");
        Assert.True((bool)(await other.GetAsync("/a/items/a"))["ok"]!);
        Assert.False(listing.IsCompleted);
        go.SetResult();
        Assert.Equal(Visible, await listing);
    }

    private static async Task<LiveHost> StartAsync(string[] visible, int hidden) =>
        await LiveHost.StartAsync(Storage(visible, hidden), access: TestRules.Of(Rules));

    private static MemoryStorage Storage(string[] visible, int hidden)
    {
        var storage = new MemoryStorage();
        foreach (var name in visible) Put(name, "ann");
        for (var number = 0; number < hidden; number++) Put($"h{number:0000}", "bob");
        return storage;

        void Put(string name, string owner) => storage.CommitElsewhere(new()
        {
            Key = new("a", name),
            Insert = [new("1", System.Text.Encoding.UTF8.GetBytes($$"""{"id":"1","owner":"{{owner}}"}"""))],
        });
    }

    private static async Task<Client> AnnAsync(LiveHost host)
    {
        var client = await Client.ConnectAsync(host.Url);
        Assert.True((bool)(await client.PutAsync("/auth", """{"token":"ssk_ann"}"""))["ok"]!);
        return client;
    }

    private static async Task<string[]> NamesAsync(Client client, string? argument)
    {
        var reply = await client.AskAsync("GET", "/a/items", argument);
        Assert.True((bool)reply["ok"]!, reply.ToJsonString());
        return [.. reply["data"]!.AsArray().Select(name => (string)name!)];
    }
}
