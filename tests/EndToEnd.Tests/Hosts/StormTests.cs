using System.Diagnostics;
using SharedState.Host.Tests.Engine;
using SharedState.Items.Tests;
using SharedState.Items.Tests.MySql;
using Xunit.Abstractions;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>Three hosts on one storage, and many clients at each. SHAREDSTATE_STORM makes it longer, SHAREDSTATE_SEED writes the
/// same.</summary>
[Collection(Alone.Name), Trait("Category", "Alone")]
public sealed class StormTests(ITestOutputHelper log)
{
    private const int Members = 90;

    private static int UpdatesOfEach => Setting.Number("SHAREDSTATE_STORM", 40);

    [RedisFact]
    public Task ThreeHostsOnOneRedisShowEverybodyOneHistory() => StormAsync(async () => await RedisStorage.StartAsync());

    [MariaDbFact]
    public Task ThreeHostsOnOneMariaDbShowEverybodyOneHistory() => StormAsync(async () => await MariaDbStorage.StartAsync());

    [PostgresFact]
    public Task ThreeHostsOnOnePostgresShowEverybodyOneHistory() => StormAsync(async () => await PostgresStorage.StartAsync());

    private async Task StormAsync(Func<Task<ISharedStorage>> start)
    {
        var seed = Seed.Next();
        log.WriteLine($"seed {seed}");
        await using var cluster = await Cluster.StartAsync(await start());
        await using var storm = new Storm(cluster.Urls, Members, seed);
        await storm.PresentAsync();
        var stormed = Stopwatch.StartNew();
        await storm.WriteAsync(UpdatesOfEach);
        stormed.Stop();
        await storm.CheckAtRestAsync(cluster.Urls, cluster.Storage);
        log.WriteLine($"{stormed.Elapsed.TotalSeconds:0.0} s: {storm}; {storm.DelaysOf(_ => true)}");
        Assert.Equal(Members * UpdatesOfEach, storm.Stored);
    }
}
