using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>G12: connections that ask for as much as they can leave the others their share.</summary>
public sealed class FloodTests
{
    private const int InFlight = 64;

    private static readonly int Probes = Setting.Number("SHAREDSTATE_ROUNDS", 100);

    [Fact]
    public async Task BesideFloodsOfEveryKindAProbeIsServedAndNotified()
    {
        await using var host = await LiveHost.StartAsync();
        await using (var filler = await Client.ConnectAsync(host.Url))
        {
            for (var part = 0; part < 10; part++)
            {
                var items = string.Join(',', Enumerable.Range(part * 10_000, 10_000).Select(id => $$"""{"id":"{{id}}"}"""));
                Assert.True((bool)(await filler.PutAsync("/app/items/large", $$"""{"insert":[{{items}}]}"""))["ok"]!);
            }
        }
        await using var probe = await Client.ConnectAsync(host.Url);
        await probe.PutAsync("/subs", """{"insert":[["/app/items/probe",{}]]}""");
        await probe.NotificationAsync();

        using var stop = new CancellationTokenSource();
        var floods = new[]
        {
            PipelineAsync(host.Url, stop.Token),
            LargeMessagesAsync(host.Url, stop.Token),
            SnapshotsAsync(host.Url, stop.Token),
        };
        for (var round = 1; round <= Probes; round++)
        {
            var reply = await probe.PutAsync("/app/items/probe", $$"""{"insert":[{"id":"1","round":{{round}}}]}""");
            Assert.True((bool)reply["ok"]!, reply.ToJsonString());
            Assert.Equal(round, (int)(await probe.NotificationAsync())["data"]!["insert"]![0]!["round"]!);
        }
        Assert.All(floods, flood => Assert.False(flood.IsCompleted)); // it was beside them, and none broke
        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(floods), served => Assert.True(served > 0));
    }

    /// <summary>As many updates in flight as there may be, again and again, to the probe's service.</summary>
    private static async Task<int> PipelineAsync(Uri url, CancellationToken stop)
    {
        await using var client = await Client.ConnectAsync(url);
        var served = 0;
        while (!stop.IsCancellationRequested || served == 0)
        {
            for (var update = 0; update < InFlight; update++)
                await client.SendAsync(
                    $$"""{"type":"REQUEST","cmd":"PUT","path":"/app/items/flood","arg":{"insert":[{"id":"{{update}}"}]},"tunnel":{{update}}}"""
                );
            for (var update = 0; update < InFlight; update++)
            {
                var reply = await client.ReceiveAsync();
                Assert.True((bool)reply["ok"]!, reply.ToJsonString());
            }
            served++;
        }
        return served;
    }

    /// <summary>Messages of nearly the largest size.</summary>
    private static async Task<int> LargeMessagesAsync(Uri url, CancellationToken stop)
    {
        await using var client = await Client.ConnectAsync(url);
        var text = new string('x', 1_000_000);
        var items = string.Join(',', Enumerable.Range(0, 15).Select(id => $$"""{"id":"{{id}}","text":"{{text}}"}"""));
        var served = 0;
        for (; !stop.IsCancellationRequested || served == 0; served++)
            Assert.True((bool)(await client.PutAsync("/app/items/heavy", $$"""{"insert":[{{items}}]}"""))["ok"]!);
        return served;
    }

    /// <summary>A large collection, read as a whole.</summary>
    private static async Task<int> SnapshotsAsync(Uri url, CancellationToken stop)
    {
        await using var client = await Client.ConnectAsync(url);
        var served = 0;
        for (; !stop.IsCancellationRequested || served == 0; served++)
            Assert.Equal(100_000, (await client.GetAsync("/app/items/large"))["data"]!.AsArray().Count);
        return served;
    }
}
