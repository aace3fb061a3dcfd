using System.Diagnostics;
using SharedState.Host.Tests.Engine;
using SharedState.Items.Tests;
using SharedState.Items.Tests.MySql;
using Xunit.Abstractions;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>G18 on real databases: four writers at each of three hosts count on one item. SHAREDSTATE_INCREMENTS of each writer.</summary>
[Collection(Alone.Name), Trait("Category", "Alone")]
public sealed class CounterStormTests(ITestOutputHelper log)
{
    private const string Path = "/app/items/a";
    private const int WritersOfEach = 4;

    private static int Increments => Setting.Number("SHAREDSTATE_INCREMENTS", 50);

    [RedisFact]
    public Task OnRedisEachIncrementOfEachHostCountsOnce() => CountAsync(async () => await RedisStorage.StartAsync());

    [MariaDbFact]
    public Task OnMariaDbEachIncrementOfEachHostCountsOnce() => CountAsync(async () => await MariaDbStorage.StartAsync());

    [PostgresFact]
    public Task OnPostgresEachIncrementOfEachHostCountsOnce() => CountAsync(async () => await PostgresStorage.StartAsync());

    private async Task CountAsync(Func<Task<ISharedStorage>> start)
    {
        await using var cluster = await Cluster.StartAsync(await start());
        var history = new SharedHistory();
        var writers = WritersOfEach * cluster.Hosts.Count;
        var (longest, begun) = (new TimeSpan[writers], Stopwatch.StartNew());
        await Task.WhenAll(
            Enumerable.Range(0, writers).Select(async number =>
            {
                await using var client = await Client.ConnectAsync(cluster.Hosts[number % cluster.Hosts.Count].Url);
                for (var n = 0; n < Increments; n++)
                {
                    var asked = Stopwatch.StartNew();
                    var reply = await client.PutAsync(Path, """{"inc":[{"id":"n","path":"count","by":1}]}""");
                    Assert.True((bool)reply["ok"]!, reply.ToJsonString());
                    if (asked.Elapsed > longest[number]) longest[number] = asked.Elapsed;
                    if (n % 10 == 0) history.Shown(Path, await client.GetAsync(Path));
                }
            }));
        log.WriteLine($"{writers * Increments} increments in {begun.Elapsed.TotalSeconds:0.0} s, the slowest {longest.Max().TotalSeconds:0.00} s");
        foreach (var host in cluster.Hosts)
        {
            await using var reader = await Client.ConnectAsync(host.Url);
            await Wait.UntilAsync(
                async () => (int?)(await reader.GetAsync(Path))["data"]![0]!["count"] == writers * Increments, "all hosts agree");
            var shown = await reader.GetAsync(Path);
            history.Shown(Path, shown);
            Assert.Equal(writers * Increments, (long)shown["rev"]!);
        }
    }
}
