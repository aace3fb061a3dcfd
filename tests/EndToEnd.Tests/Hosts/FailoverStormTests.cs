using System.Diagnostics;
using SharedState.Host.Tests.Engine;
using SharedState.Items.Tests;
using SharedState.Items.Tests.MySql;
using Xunit.Abstractions;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>
/// The storage goes back in time under three hosts: by failovers to a replica that was behind, and by copies that are restored. Updates are
/// lost then, and clients get all anew; but no two of them ever hold different contents for the same epoch and revision.
/// SHAREDSTATE_FAILOVERS makes it longer, SHAREDSTATE_SEED writes the same.
/// </summary>
[Collection(Alone.Name), Trait("Category", "Alone")]
public sealed class FailoverStormTests(ITestOutputHelper log)
{
    private const int Members = 24;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private static int Failovers => Setting.Number("SHAREDSTATE_FAILOVERS", 1);

    [RedisFact]
    public Task WhateverBecomesOfRedisNoPositionHasTwoContents() => StormAsync(async () => await RedisSentinelStorage.StartAsync());

    [MariaDbFact]
    public Task WhateverBecomesOfMariaDbNoPositionHasTwoContents() =>
        StormAsync(async () => await MariaDbReplicaStorage.StartAsync());

    private async Task StormAsync(Func<Task<IReplicatedStorage>> start)
    {
        var seed = Seed.Next();
        log.WriteLine($"seed {seed}");
        var storage = await start();
        await using var cluster = await Cluster.StartAsync(storage);
        await using var storm = new Storm(cluster.Urls, Members, seed, patience: TimeSpan.FromSeconds(40));
        await storm.PresentAsync();
        var writing = storm.WriteAsync(Pause);
        var stormed = Stopwatch.StartNew();
        for (var round = 0; round < Failovers; round++)
        {
            // :: 1. A failover to a replica that was behind: what was answered meanwhile is lost.
            await MoreAsync("the storm");
            await storage.FallBehindAsync();
            await MoreAsync("what is lost");
            await storage.FailOverAsync();
            await MoreAsync("the storm after a failover that lost updates");

            // :: 2. A host and the storage are killed, and nothing is lost.
            var host = cluster.Hosts[round % cluster.Hosts.Count];
            await host.Process.KillAsync();
            await storage.KillAsync();
            await storage.StartAgainAsync();
            await MoreAsync("the storm after a restart");

            // :: 3. An older copy is restored. Each host that runs has seen something that the copy lacks, or could not know of it; so
            // the other one comes back later.
            await storage.CopyAsync();
            await storm.MoveOnAsync();
            await storage.RestoreAsync();
            await MoreAsync("the storm after an older copy was restored");
            await host.StartAsync();

            // :: 4. A failover in the middle of everything.
            await storage.FailOverAsync();
            await MoreAsync("the storm after a failover");
        }
        storm.End();
        await writing;
        await storm.CheckAtRestAsync(cluster.Urls, storage, mayLose: true);
        log.WriteLine($"{stormed.Elapsed.TotalSeconds:0.0} s: {storm}");

        Task MoreAsync(string what)
        {
            log.WriteLine($"{stormed.Elapsed.TotalSeconds:0.0} s: {what}; {storm}");
            return storm.MoreAsync(200, what, seconds: 40);
        }
    }
}
