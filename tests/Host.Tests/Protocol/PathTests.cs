using System.Text.Json;
using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Protocol.RefusalTests;

namespace SharedState.Host.Tests.Protocol;

/// <summary>Section 2 of the protocol: how a path is split, and what a name may be.</summary>
public sealed class PathTests(SharedHost shared) : IClassFixture<SharedHost>
{
    [Theory]
    [InlineData("/{0}/items/a")]
    [InlineData("{0}/items/a")]
    [InlineData("/{0}/items/a/")]
    [InlineData("//{0}///items//a////")]
    public async Task SlashesMoreOrLessNameTheSameCollection(string spelling)
    {
        var app = shared.NewApp();
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync($"/{app}/items/a", """{"insert":[{"id":"1"}]}""");
        Assert.Equal("""[{"id":"1"}]""", (await client.GetAsync(string.Format(null, spelling, app)))["data"]!.ToJsonString());
        Assert.Equal(1, (int)(await client.PutAsync(string.Format(null, spelling, app), """{"insert":[{"id":"2"}]}"""))["data"]!);
        Assert.Equal("""[{"id":"1"},{"id":"2"}]""", (await client.GetAsync($"/{app}/items/a"))["data"]!.ToJsonString());
        Assert.Equal("""["a"]""", (await client.GetAsync($"/{app}/items"))["data"]!.ToJsonString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("///")]
    public async Task ThePathOfNothingNamesTheServices(string path)
    {
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        Assert.Equal("""["items","other","down"]""", (await client.GetAsync(path))["data"]!.ToJsonString());
    }

    [Fact]
    public async Task NothingIsDecodedFoldedOrNormalized()
    {
        var app = shared.NewApp();
        string[] names = ["A", "a", "%41", "a ", " a", " ", "a?b", "a#b", "a&b=c", "ä", "a\u0308", "Ä", "ａ", "a\\b", "a\"b", "a:b", "a..", "\u200b", "\u2028", "😀", "'; DROP TABLE", "${x}", "*"];
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        for (var index = 0; index < names.Length; index++)
        {
            Assert.True(
                (bool)(await client.PutAsync($"/{app}/items/{names[index]}", $$"""{"insert":[{"id":"{{index}}"}]}"""))["ok"]!,
                names[index]);
            Assert.True(
                (bool)(await client.PutAsync($"/{app}{names[index]}/items/x", $$"""{"insert":[{"id":"{{index}}"}]}"""))["ok"]!,
                names[index]);
        }
        for (var index = 0; index < names.Length; index++)
        {
            var expected = $$"""[{"id":"{{index}}"}]""";
            Assert.Equal(expected, (await client.GetAsync($"/{app}/items/{names[index]}"))["data"]!.ToJsonString());
            Assert.Equal(expected, (await client.GetAsync($"/{app}{names[index]}/items/x"))["data"]!.ToJsonString());
        }
        var listing = (await client.GetAsync($"/{app}/items"))["data"]!.AsArray().Select(name => (string)name!);
        Assert.Equal(names.Order(StringComparer.Ordinal), listing.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("/app/items", "PUT", "a collection's path has three segments, /app/service/collection; this one has 2")]
    [InlineData("/app", "GET", "a collection's path has three segments, /app/service/collection; this one has 1")]
    [InlineData("/Clock", "GET", "a collection's path has three segments, /app/service/collection; this one has 1")]
    [InlineData("/app", "PUT", "a collection's path has three segments, /app/service/collection; this one has 1")]
    [InlineData("/app/items/a/b", "GET", "a collection's path has three segments, /app/service/collection; this one has 4")]
    [InlineData("/app/items/a/b", "PUT", "a collection's path has three segments, /app/service/collection; this one has 4")]
    [InlineData("/./items/a", "GET", "the app's name in the path must not start with a dot")]
    [InlineData("/app/../a", "GET", "the service's name in the path must not start with a dot")]
    [InlineData("/app/items/.", "PUT", "the collection's name in the path must not start with a dot")]
    [InlineData("/app/items/..", "GET", "the collection's name in the path must not start with a dot")]
    [InlineData("/app/items/.hidden", "PUT", "the collection's name in the path must not start with a dot")]
    [InlineData("/.own/items", "GET", "the app's name in the path must not start with a dot")]
    [InlineData("/a\0/items/b", "GET", "the app's name in the path must not contain control characters")]
    [InlineData("/a/items/b\n", "PUT", "the collection's name in the path must not contain control characters")]
    [InlineData("/a/items/\u007f", "GET", "the collection's name in the path must not contain control characters")]
    [InlineData("/a/items/\u0085", "GET", "the collection's name in the path must not contain control characters")]
    public async Task AWrongPathIsRefusedAndSaysWhatIsWrong(string path, string command, string sentence)
    {
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        AssertRefusal(await client.AskAsync(command, path, "{}"), "bad_request", sentence);

        if (path.Count(character => character == '/') == 2 && command == "GET") return; // a listing, which is not subscribed to
        var subs = await client.PutAsync("/subs", $$"""{"insert":[[{{JsonSerializer.Serialize(path)}},{}]]}""");
        AssertRefusal(subs, "bad_request", sentence);
        Assert.Equal(path, (string?)subs["errors"]![0]![0]);
    }

    [Theory]
    [InlineData("a", 512)]
    [InlineData("ä", 256)]
    [InlineData("€", 170)] // 510 bytes
    [InlineData("😀", 128)]
    public async Task ANameHasUpTo512BytesOfUtf8(string character, int most)
    {
        var name = string.Concat(Enumerable.Repeat(character, most));
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        Assert.True((bool)(await client.PutAsync($"/{name}/items/{name}", """{"insert":[{"id":"1"}]}"""))["ok"]!);
        Assert.Single((await client.GetAsync($"/{name}/items/{name}"))["data"]!.AsArray());
        AssertRefusal(await client.GetAsync($"/{name}{character}/items/a"), "bad_request", "the app's name in the path has 51");
        AssertRefusal(await client.GetAsync($"/a/{name}{character}/a"), "bad_request", "the service's name in the path has 51");
        AssertRefusal(
            await client.PutAsync($"/a/items/{name}{character}", "{}"), "bad_request", "the collection's name in the path has 51");
    }

    [Fact]
    public async Task APathHasABoundHoweverManySlashesItHas()
    {
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        var longest = "/a/items/b".PadRight(4_096, '/');
        Assert.True((bool)(await client.GetAsync(longest))["ok"]!);
        AssertRefusal(await client.GetAsync(longest + "/"), "bad_request", "a path has at most 4096 characters; this one has 4097");
        AssertRefusal(
            await client.PutAsync("/subs", $$"""{"insert":[["{{longest}}/"]]}"""), "bad_request",
            "a path has at most 4096 characters; this one has 4097");
    }

    [Fact]
    public async Task AnUnknownCollectionIsEmptyAndIsNotListed()
    {
        var app = shared.NewApp();
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        var get = await client.GetAsync($"/{app}/items/never");
        Assert.Equal("[]", get["data"]!.ToJsonString());
        Assert.Equal(0, (long)get["rev"]!);
        Assert.False(string.IsNullOrEmpty((string?)get["epoch"]));
        Assert.Equal("[]", (await client.GetAsync($"/{app}/items"))["data"]!.ToJsonString());
    }

    [Fact]
    public async Task AnAppsCollectionsAreListedServiceByService()
    {
        var app = shared.NewApp();
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync($"/{app}/items/a", """{"insert":[{"id":"1"}]}""");
        await client.PutAsync($"/{app}/items/b", """{"insert":[{"id":"1"}]}""");
        await client.PutAsync($"/{app}/other/c", """{"insert":[{"id":"1"}]}""");
        Assert.Equal(["a", "b"], Names(await client.GetAsync($"/{app}/items")));
        Assert.Equal(["c"], Names(await client.GetAsync($"{app}//other/")));
        Assert.Equal([], Names(await client.GetAsync($"/{app}x/items")));

        static IEnumerable<string> Names(JsonNode reply) =>
            reply["data"]!.AsArray().Select(name => (string)name!).Order(StringComparer.Ordinal);
    }
}
