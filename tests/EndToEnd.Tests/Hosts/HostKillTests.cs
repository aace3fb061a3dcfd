using System.Diagnostics;
using SharedState.Host.Tests.Engine;
using SharedState.Items.Tests;
using SharedState.Items.Tests.MySql;
using Xunit.Abstractions;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>Hosts are killed and started again in turn, and their storage once. SHAREDSTATE_KILLS kills more hosts.</summary>
[Collection(Alone.Name), Trait("Category", "Alone")]
public sealed class HostKillTests(ITestOutputHelper log)
{
    private const int Members = 90;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300),
        ReturnTime = TimeSpan.FromSeconds(1),
        StallTime = TimeSpan.FromSeconds(5),
        RecoveryTime = TimeSpan.FromSeconds(20);

    private static int Kills => Setting.Number("SHAREDSTATE_KILLS", 3);

    [RedisFact]
    public Task WhenHostsAndThenRedisAreKilledNobodyMissesAnything() => KillAsync(async () => await RedisStorage.StartAsync());

    [MariaDbFact]
    public Task WhenHostsAndThenMariaDbAreKilledNobodyMissesAnything() => KillAsync(async () => await MariaDbStorage.StartAsync());

    [PostgresFact]
    public Task WhenHostsAndThenPostgresAreKilledNobodyMissesAnything() => KillAsync(async () => await PostgresStorage.StartAsync());

    private async Task KillAsync(Func<Task<ISharedStorage>> start)
    {
        var seed = Seed.Next();
        log.WriteLine($"seed {seed}");
        await using var cluster = await Cluster.StartAsync(await start());
        await using var storm = new Storm(cluster.Urls, Members, seed);
        await storm.PresentAsync();
        var writing = storm.WriteAsync(Pause);
        for (var kill = 0; kill < Kills; kill++)
        {
            // :: 1. Whoever was at a host that is killed is back at another one, most within a second, and the others hardly notice. All of
            // them, the hosts and the storage share the processor here, so that the last of many may wait for that.
            await storm.MoreAsync(200, "the storm");
            var host = cluster.Hosts[kill % cluster.Hosts.Count];
            var cut = storm
                .Members.Where(member => member.Door == kill % cluster.Hosts.Count)
                .Select(member => (Member: member, Before: member.Returns.Count))
                .ToArray();
            storm.ForgetDelays();
            await host.Process.KillAsync();
            await storm.UntilAsync(() => cut.All(one => one.Member.Returns.Count > one.Before), "everybody is back");
            await storm.MoreAsync(200, "the storm goes on");
            var returns = cut.Select(one => one.Member.Returns.Last()).Order().ToArray();
            var (median, longest) = (returns[returns.Length / 2], returns[^1]);
            var delays = storm.DelaysOf(_ => true);
            log.WriteLine(
                $"kill {kill}: {cut.Length} were back within {longest.TotalMilliseconds:0} ms and their waits, half of them within "
                    + $"{median.TotalMilliseconds:0}; {delays}");
            Assert.True(median < ReturnTime && longest < StallTime, $"coming back took {median}, the last {longest}");
            Assert.True(delays.Answer < StallTime && delays.Silence < StallTime, $"{delays}");

            // :: 2. It comes again.
            await host.StartAsync();
        }

        // :: 3. The storage, below all of them.
        await storm.MoreAsync(200, "the storm");
        await cluster.Storage.KillAsync();
        await Task.Delay(TimeSpan.FromSeconds(1)); // the outage is what is tested
        await cluster.Storage.StartAgainAsync();
        var back = Stopwatch.StartNew();
        await storm.MoreAsync(200, "the storm after the outage");
        log.WriteLine($"200 updates {back.Elapsed.TotalSeconds:0.0} s after the storage was back; {storm}");
        Assert.True(back.Elapsed < RecoveryTime, $"recovery took {back.Elapsed}");

        storm.End();
        await writing;
        await storm.CheckAtRestAsync(cluster.Urls, cluster.Storage);
        log.WriteLine($"at rest: {storm}");
    }
}
