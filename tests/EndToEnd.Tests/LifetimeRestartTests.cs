using SharedState.Host.Tests.Engine;

namespace SharedState.EndToEnd.Tests;

/// <summary>G19 with one host on a file: it is killed, and started again.</summary>
public sealed class LifetimeRestartTests
{
    private const string Path = "/app/items/a", Holder = "0123456789abcdef";

    [Fact]
    public async Task AHostThatWasKilledEndsTheLifetimesWhenItStartsAgain()
    {
        using var host = await LiveProcess.StartAsync();
        await using (var client = await Client.ConnectAsync(host.Url))
        {
            await OkAsync(client, """{"insert":[{"id":"permanent"},{"id":"again"}]}""");
            await OkAsync(client, """{"insert":[{"id":"timed"},{"id":"again"}],"ttl":1}""");
            await OkAsync(client, """{"insert":[{"id":"long"}],"ttl":3600}""");
            await OkAsync(client, """{"insert":[{"id":"mine"}],"ephemeral":true}""");
            await OkAsync(client, $$$"""{"insert":[{"id":"held"}],"ephemeral":{"holder":"{{{Holder}}}","grace":30}}""");
            await OkAsync(client, """{"insert":[{"id":"again"}]}""");
            await host.Process.KillAsync();
        }
        await host.StartAgainAsync();
        await using (var client = await Client.ConnectAsync(host.Url))
        {
            await OkAsync(client, $$$"""{"ephemeral":{"holder":"{{{Holder}}}"}}""");
            await Wait.UntilAsync(
                async () => await IdsAsync(client) is ["again", "held", "long", "permanent"], "what has ended is removed");
        }
        await using var last = await Client.ConnectAsync(host.Url);
        await Wait.UntilAsync(async () => await IdsAsync(last) is ["again", "long", "permanent"], "the holder has gone for good");
        Assert.Equal("""["a"]""", (await last.GetAsync("/app/items"))["data"]!.ToJsonString());
    }

    private static async Task OkAsync(Client client, string argument)
    {
        var reply = await client.PutAsync(Path, argument);
        Assert.True((bool)reply["ok"]!, reply.ToJsonString());
    }

    private static async Task<string[]> IdsAsync(Client client) =>
        [.. (await client.GetAsync(Path))["data"]!.AsArray().Select(item => (string)item!["id"]!).Order(StringComparer.Ordinal)];
}
