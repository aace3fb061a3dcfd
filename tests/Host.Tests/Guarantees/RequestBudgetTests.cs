using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>Requests that are read and not answered count against one budget of all connections.</summary>
public sealed class RequestBudgetTests
{
    [Fact]
    public async Task LargeRequestsOfManyConnectionsStayWithinTheBudgetAndAreAnsweredWhenStorageIsBack()
    {
        const int MessageBytes = 100_000, Budget = 2_000_000, Connections = 16;
        var storage = new MemoryStorage();
        var stored = new TaskCompletionSource();
        storage.BeforeCommit = (_, _) => stored.Task;
        await using var host = await LiveHost.StartAsync(storage, limits: new() { UnfinishedBytes = Budget });
        var clients = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Client.ConnectAsync(host.Url)));
        var item = $$"""{"insert":[{"id":"1","text":"{{new string('x', MessageBytes)}}"}]}""";

        // Each connection sends far more than its share; a small request of another connection is answered meanwhile.
        var sending = clients.Select((client, index) => Task.Run(async () =>
        {
            for (var count = 0; count < 10; count++)
                await client.SendAsync($$"""{"type":"REQUEST","cmd":"PUT","path":"/app/items/c{{index}}","arg":{{item}},"tunnel":{{count}}}""");
        })).ToArray();
        await Wait.UntilAsync(() => host.RequestBytes > Budget / 2, "requests are in flight");
        await using var small = await Client.ConnectAsync(host.Url);
        for (var count = 0; count < 20; count++)
        {
            Assert.True((bool)(await small.GetAsync("/clock"))["ok"]!);
            Assert.InRange(host.RequestBytes, 0, Budget);
        }

        stored.SetResult();
        await Task.WhenAll(sending);
        foreach (var client in clients)
        {
            for (var count = 0; count < 10; count++) Assert.Equal(count, (int)(await ReplyAsync(client))["tunnel"]!);
            await client.DisposeAsync();
        }
        await Wait.UntilAsync(() => host.RequestBytes == 0, "the budget is whole again");
    }

    private static async Task<System.Text.Json.Nodes.JsonNode> ReplyAsync(Client client)
    {
        var reply = await client.ReceiveAsync();
        Assert.True((bool)reply["ok"]!, reply.ToJsonString());
        return reply;
    }
}
