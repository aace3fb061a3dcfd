using SharedState.Host.Tests.Engine;
using SharedState.Items.Tests;
using SharedState.Items.Tests.MySql;
using Xunit.Abstractions;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>A host is suspended while others write, as a computer that sleeps. SHAREDSTATE_SUSPENSION is its length in seconds.</summary>
[Collection(Alone.Name)]
public sealed class SuspensionTests(ITestOutputHelper log)
{
    private const int Members = 15, Calm = 30;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50), StallTime = TimeSpan.FromSeconds(5);

    private static int Seconds => Setting.Number("SHAREDSTATE_SUSPENSION", 4);

    [RedisFact]
    public Task AHostOnRedisThatWasSuspendedServesNothingStale() => SuspendAsync(async () => await RedisStorage.StartAsync());

    [MariaDbFact]
    public Task AHostOnMariaDbThatWasSuspendedServesNothingStale() => SuspendAsync(async () => await MariaDbStorage.StartAsync());

    private async Task SuspendAsync(Func<Task<ISharedStorage>> start)
    {
        var seed = Seed.Next();
        log.WriteLine($"seed {seed}");
        var suspension = TimeSpan.FromSeconds(Seconds);
        await using var cluster = await Cluster.StartAsync(await start());
        await using var storm = new Storm(cluster.Urls, Members, seed, suspension);
        await storm.PresentAsync();
        var paths = Enumerable.Range(0, Calm).Select(number => $"/app/items/calm-{number}").ToArray();
        await using var writer = await Client.ConnectAsync(cluster.Hosts[1].Url);
        await using var reader = await Client.ConnectAsync(cluster.Hosts[0].Url);
        await using var newcomer = await Client.ConnectAsync(cluster.Hosts[0].Url);
        foreach (var path in paths)
        {
            await writer.PutAsync(path, """{"insert":[{"id":"before"}]}""");
            Assert.True((bool)(await reader.GetAsync(path))["ok"]!); // so the first host has it in memory
        }
        var writing = storm.WriteAsync(Pause);
        await storm.MoreAsync(100, "the storm");

        // :: 1. In the middle of its work it stops. The others go on.
        var host = cluster.Hosts[0].Process;
        host.Signal("STOP");
        storm.ForgetDelays();
        await Task.Delay(suspension); // the suspension is what is tested

        // :: 2. What is answered now, and asked of it afterwards, but before it goes on, must show.
        var answered = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var path in paths) answered[path] = (long)(await writer.PutAsync(path, """{"insert":[{"id":"after"}]}"""))["rev"]!;
        foreach (var path in paths) await reader.SendAsync($$"""{"type":"REQUEST","cmd":"GET","path":"{{path}}","tunnel":"{{path}}"}""");
        await newcomer.SendAsync($$"""{"type":"REQUEST","cmd":"PUT","path":"/subs","arg":{"insert":[{{string.Join(',', paths.Select(path => $$"""["{{path}}",{}]"""))}}]},"tunnel":0}""");
        host.Signal("CONT");

        foreach (var path in paths)
        {
            var reply = await reader.ReceiveAsync();
            Assert.Equal(path, (string?)reply["tunnel"]);
            Assert.True((long)reply["rev"]! == answered[path], $"{path}: {answered[path]} was answered elsewhere, and then {reply.ToJsonString()} here");
            Assert.Equal(2, reply["data"]!.AsArray().Count);
        }
        Assert.True((bool)(await newcomer.ReceiveAsync())["ok"]!);
        for (var count = 0; count < Calm; count++)
        {
            var notification = await newcomer.NotificationAsync();
            Assert.Equal(answered[(string)notification["path"]!], (long)notification["rev"]!);
        }

        // :: 3. The others were not held up by what it held, and its clients get what they missed.
        await storm.MoreAsync(100, "the storm goes on");
        var delays = storm.DelaysOf(member => member.Door != 0);
        log.WriteLine($"at the others {delays}");
        Assert.True(delays.Answer < StallTime && delays.Silence < StallTime, $"{delays}");
        storm.End();
        await writing;
        await storm.CheckAtRestAsync(cluster.Urls, cluster.Storage);
        log.WriteLine($"at rest: {storm}");
    }
}
