using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Protocol;

/// <summary>Section 5 of the protocol, Names: several subscriptions of one connection to one path.</summary>
public sealed class NameTests(SharedHost shared) : IClassFixture<SharedHost>
{
    [Fact]
    public async Task EachNamedSubscriptionGetsItsOwnNotifications()
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        var list = $$"""[["{{path}}",{"as":"one"}],["{{path}}",{"as":"two","x":1}],["{{path}}",{}]]""";
        var reply = await client.PutAsync("/subs", $$"""{"insert":{{list}}}""");
        Assert.Equal(list, reply["data"]!.ToJsonString());
        Assert.Equal(["", "one", "two"], await NamesAsync(client, 3));

        await client.PutAsync(path, """{"insert":[{"id":"1"}]}""");
        Assert.Equal(["", "one", "two"], await NamesAsync(client, 3));
    }

    [Fact]
    public async Task ANameIsDroppedByItselfAndAnotherOfTheSamePathGoesOn()
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        await client.PutAsync("/subs", $$"""{"insert":[["{{path}}",{"as":"one"}],["{{path}}",{"as":"two"}],["{{path}}",{}]]}""");
        await NamesAsync(client, 3);

        var reply = await client.PutAsync("/subs", $$"""{"reset":false,"remove":[["{{path}}","one"],"{{path}}"]}""");
        Assert.Equal($$"""[["{{path}}",{"as":"two"}]]""", reply["data"]!.ToJsonString());
        await client.PutAsync(path, """{"insert":[{"id":"1"}]}""");
        Assert.Equal(["two"], await NamesAsync(client, 1));
        Assert.Equal(0, client.KeptNotifications);

        // The other forms of a name without a key.
        await client.PutAsync("/subs", $$"""{"reset":false,"insert":[["{{path}}"]]}""");
        reply = await client.PutAsync("/subs", $$"""{"reset":false,"remove":[["{{path}}",null],["{{path}}"]]}""");
        Assert.Single(reply["data"]!.AsArray());
    }

    [Theory]
    [InlineData("\"\"")]
    [InlineData("1")]
    [InlineData("\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"")]
    public async Task AWrongNameIsRefusedWithItsPlace(string name)
    {
        var path = $"/{shared.NewApp()}/items/a";
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        var reply = await client.PutAsync(
            "/subs", $$"""{"insert":[["{{path}}",{}],["{{path}}",{"as":{{name}}}],["{{path}}",{"as":"right"}]]}""");
        Assert.True((bool)reply["ok"]!);
        Assert.Equal("bad_request", (string?)reply["errors"]![0]![1]!["code"]);
        Assert.Equal(["", "right"], await NamesAsync(client, 2)); // the refused one takes no other's place
    }

    [Fact]
    public async Task AnErrorNamesTheSubscriptionThatItConcerns()
    {
        await using var client = await Client.ConnectAsync(shared.Live.Url);
        var reply = await client.PutAsync("/subs", """{"insert":[["/app/nowhere/a",{"as":"one"}]]}""");
        Assert.Equal("one", (string?)reply["errors"]![0]![1]!["as"]);
    }

    private static async Task<string[]> NamesAsync(Client client, int count)
    {
        var names = new List<string>();
        while (names.Count < count) names.Add((string?)(await client.NotificationAsync() as JsonObject)!["as"] ?? "");
        names.Sort(StringComparer.Ordinal);
        return [.. names];
    }
}
