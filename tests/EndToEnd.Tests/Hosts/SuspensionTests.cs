using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;
using SharedState.Items.Tests;
using SharedState.Items.Tests.MySql;
using Xunit.Abstractions;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>A host is suspended while others write, as a computer that sleeps. SHAREDSTATE_SUSPENSION is its length in seconds.</summary>
[Collection(Alone.Name), Trait("Category", "Alone")]
public sealed class SuspensionTests(ITestOutputHelper log)
{
    private const int Members = 15;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50), StallTime = TimeSpan.FromSeconds(5);
    private static readonly string[] _calm = [.. Enumerable.Range(0, 30).Select(number => $"/app/items/calm-{number}")];

    private static TimeSpan Suspension => TimeSpan.FromSeconds(Setting.Number("SHAREDSTATE_SUSPENSION", 4));

    [RedisFact]
    public Task AHostOnRedisThatWasSuspendedServesNothingStale() => SuspendAsync(async () => await RedisStorage.StartAsync());

    [MariaDbFact]
    public Task AHostOnMariaDbThatWasSuspendedServesNothingStale() => SuspendAsync(async () => await MariaDbStorage.StartAsync());

    private async Task SuspendAsync(Func<Task<ISharedStorage>> start)
    {
        var seed = Seed.Next();
        log.WriteLine($"seed {seed}");
        await using var cluster = await Cluster.StartAsync(await start());
        await using var storm = new Storm(cluster.Urls, Members, seed, Suspension);
        await storm.PresentAsync();
        var host = cluster.Hosts[0];
        await using var reader = await Client.ConnectAsync(host.Url);
        await using var follower = await Client.ConnectAsync(host.Url);
        var history = new SharedHistory();
        foreach (var path in _calm) await PutAsync(cluster.Hosts[1], path, "before");
        var writing = storm.WriteAsync(Pause);
        foreach (var restart in new[] { false, true })
        {
            // :: 1. In the middle of its work it stops. The others go on.
            await storm.MoreAsync(100, "the storm");
            foreach (var path in _calm)
                // So that the host has it in memory, and has just heard of the reader.
                Assert.NotEmpty((await reader.GetAsync(path))["data"]!.AsArray());
            host.Process.Signal("STOP");
            storm.ForgetDelays();
            await Task.Delay(Suspension); // the suspension is what is tested
            if (restart)
            {
                // Whatever it has open to the storage will turn out to be dead.
                await cluster.Storage.KillAsync();
                await cluster.Storage.StartAgainAsync();
            }

            // :: 2. What was answered before it goes on is shown by its first answers, to what was asked before.
            var answered = new Dictionary<string, long>(StringComparer.Ordinal);
            foreach (var path in _calm) answered[path] = await PutAsync(cluster.Hosts[1], path, $"while it was suspended, {restart}");
            try
            {
                await AssertCurrentAsync(host, reader, follower, answered, history);
                await using var elsewhere = await Client.ConnectAsync(cluster.Hosts[1].Url);
                foreach (var path in _calm) history.Shown(path, await elsewhere.GetAsync(path));
            }
            catch
            {
                log.WriteLine($"the host said:\n{host.Process.Output}");
                throw;
            }

            // :: 3. The others were not held up by what it held.
            await storm.MoreAsync(100, "the storm goes on");
            var delays = storm.DelaysOf(member => member.Door != 0);
            log.WriteLine($"{(restart ? "with a restart of the storage, " : "")}at the others {delays}");
            Assert.True(restart || (delays.Answer < StallTime && delays.Silence < StallTime), $"{delays}");
        }

        // :: 4. Its clients get what they missed.
        storm.End();
        await writing;
        await storm.CheckAtRestAsync(cluster.Urls, cluster.Storage);
        log.WriteLine($"at rest: {storm}");
    }

    /// <summary>Lets it go on with requests that wait for it already: reads, and a subscription to each.</summary>
    private static async Task AssertCurrentAsync(
        ClusterHost host, Client reader, Client follower, Dictionary<string, long> answered, SharedHistory history)
    {
        foreach (var path in _calm) await reader.SendAsync($$"""{"type":"REQUEST","cmd":"GET","path":"{{path}}","tunnel":"{{path}}"}""");
        await follower.SendAsync(
            $$"""{"type":"REQUEST","cmd":"PUT","path":"/subs","arg":{"insert":[{{string.Join(',', _calm.Select(path => $$"""["{{path}}",{}]"""))}}]},"tunnel":0}"""
        );
        host.Process.Signal("CONT");
        foreach (var path in _calm)
        {
            var reply = await reader.ReceiveAsync();
            Assert.Equal(path, (string?)reply["tunnel"]);
            Assert.True(
                (bool)reply["ok"]! && (long)reply["rev"]! == answered[path],
                $"{answered[path]} was answered elsewhere, and then here {reply.ToJsonString()}");
            history.Shown(path, reply);
        }
        Assert.True((bool)(await follower.ReceiveAsync())["ok"]!);
        for (var count = 0; count < _calm.Length; count++)
        {
            var notification = await follower.NotificationAsync();
            history.Shown((string)notification["path"]!, notification);
            Assert.Equal(answered[(string)notification["path"]!], (long)notification["rev"]!);
        }
        await follower.PutAsync("/subs", """{"insert":[]}""");
    }

    /// <summary>Makes an update, also where the storage has just been away; gives its revision. On a new connection: one that nobody reads
    /// from is closed meanwhile.</summary>
    private static async Task<long> PutAsync(ClusterHost host, string path, string id)
    {
        await using var client = await Client.ConnectAsync(host.Url);
        JsonNode? reply = null;
        await Wait.UntilAsync(
            async () => (bool)(reply = await client.PutAsync(path, $$"""{"insert":[{"id":"{{id}}"}]}"""))["ok"]!, "an update");
        return (long)reply!["rev"]!;
    }
}
