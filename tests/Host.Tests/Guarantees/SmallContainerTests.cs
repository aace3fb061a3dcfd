using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>The real program with a small heap, on a database that is larger.</summary>
public sealed class SmallContainerTests : IDisposable
{
    private const int Collections = 10, Items = 12;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AHeapOf100MiBServesCollectionsOf120MBOneAfterTheOther()
    {
        _folder.Write("my.json", """
            {"service": {"port": 0}, "services": [{"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "a.db"}}]}
            """);
        using var host = HostProcess.Start(_folder.FullName, ["my.json"], environment: new() { ["DOTNET_GCHeapHardLimit"] = "0x6400000" });
        await using var client = await Client.ConnectAsync(new UriBuilder(await host.UriAsync()) { Scheme = "ws" }.Uri);
        var text = new string('x', 1_000_000);
        foreach (var index in Enumerable.Range(0, Collections))
        {
            foreach (var id in Enumerable.Range(0, Items))
                await UntilDoneAsync(
                    host, () => client.PutAsync($"/app/items/c{index}", $$"""{"insert":[{"id":"{{id}}","text":"{{text}}"}]}"""));
        }
        foreach (var index in Enumerable.Range(0, Collections))
            await UntilDoneAsync(host, async () => Counted(await client.GetAsync($"/app/items/c{index}")));
        Assert.True((bool)(await client.GetAsync("/clock"))["ok"]!);
    }

    private static JsonNode Counted(JsonNode reply)
    {
        if ((bool)reply["ok"]!) Assert.Equal(Items, reply["data"]!.AsArray().Count);
        return reply;
    }

    /// <summary>Repeats a request that is refused for want of memory.</summary>
    private static Task UntilDoneAsync(HostProcess host, Func<Task<JsonNode>> request) => Wait.UntilAsync(
        async () =>
        {
            var reply = await request();
            if ((bool)reply["ok"]!) return true;
            Assert.True((string?)reply["error"]!["code"] == "limit", $"{reply}\n{host.Output}");
            return false;
        },
        "there is memory for one collection");
}
