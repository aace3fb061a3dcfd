using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using SharedState.Host.Tests;
using SharedState.Host.Tests.Engine;
using SharedState.Items.Tests;
using Xunit.Abstractions;

namespace SharedState.EndToEnd.Tests;

/// <summary>G1, G8, G9, G14 with the real host and a real Redis, which is killed in a write storm, again and again. SHAREDSTATE_KILLS runs
/// more cycles.</summary>
public sealed class RedisOutageTests(ITestOutputHelper log)
{
    private const int Writers = 6;
    private const string Path = "/app/items/storm", Quiet = "/app/items/quiet";

    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(10), RecoveryTime = TimeSpan.FromSeconds(20);

    private volatile bool _over;
    private readonly ConcurrentDictionary<int, long> _acknowledged = new(), _refused = new(), _unknown = new();
    private long _answers;
    private TimeSpan _longest;

    private static int Cycles => Setting.Number("SHAREDSTATE_KILLS", 6);

    [RedisFact]
    public async Task WhenRedisIsKilledInAWriteStormNothingIsLostAndTheHostGoesOn()
    {
        await using var redis = await RedisServer.StartAsync();
        using var folder = new TempFolder();
        folder.Write("my.json", $$"""
            {"service": {"host": "127.0.0.1", "port": 0},
             "services": [
               {"name": "items", "module": "items_service", "config": {"db_type": "redis", "db_host": "127.0.0.1", "db_port": {{redis.Port}}, "db_table": "items"} }
             ]}
            """);
        using var host = HostProcess.Start(folder.FullName, ["my.json"]);
        var url = await LiveProcess.UrlAsync(host);
        await using var follower = await Client.ConnectAsync(url);
        await using var probe = await Client.ConnectAsync(url);
        foreach (var path in new[] { Path, Quiet })
            Assert.True((bool)(await probe.PutAsync(path, """{"insert":[{"id":"first"}]}"""))["ok"]!);
        await follower.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
        var writers = Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(url, writer))).ToArray();

        for (var cycle = 0; cycle < Cycles; cycle++)
        {
            // :: 1. A storm, and the end of Redis in the middle of it.
            await ProgressAsync("the storm");
            await redis.KillAsync();

            // :: 2. Meanwhile what is loaded is read, and the clock answers. Once for longer than any update waits.
            var outage = cycle == 0 ? TimeSpan.FromSeconds(9) : TimeSpan.FromMilliseconds(300 + (cycle * 300));
            for (var down = Stopwatch.StartNew(); down.Elapsed < outage;)
            {
                var asked = Stopwatch.StartNew();
                Assert.True((bool)(await probe.GetAsync(Quiet))["ok"]!);
                Assert.True((bool)(await probe.GetAsync("/clock"))["ok"]!);
                Assert.True(asked.Elapsed < TimeSpan.FromSeconds(2), $"reads took {asked.Elapsed}");
                await Task.Delay(5);
            }

            // :: 3. Redis is back, and so is the service.
            var back = Stopwatch.StartNew();
            await redis.StartAgainAsync();
            await ProgressAsync("it recovers");
            Assert.True(back.Elapsed < RecoveryTime, $"recovery took {back.Elapsed}");
            log.WriteLine($"cycle {cycle}: back after {back.Elapsed.TotalMilliseconds:f0} ms");
        }
        _over = true;
        await Task.WhenAll(writers); // none of the connections was closed, or a writer would have failed
        log.WriteLine(
            $"{_answers} updates answered ok, {_refused.Values.Sum()} refused, {_unknown.Values.Sum()} of unknown outcome, the longest "
                + $"answer after {_longest.TotalMilliseconds:f0} ms");

        // :: 4. The long outage was told to the writers. What is stored is what was answered, and what the host, a follower, and another
        // host show.
        Assert.NotEmpty(_refused);
        var shown = Items(await probe.GetAsync(Path));
        await Wait.UntilAsync(async () => (bool)(await probe.PutAsync(Path, """{"insert":[{"id":"last"}]}"""))["ok"]!, "the last update");
        shown["last"] = """{"id":"last"}""";
        foreach (var (writer, value) in _acknowledged) Assert.Equal(value, (long)JsonNode.Parse(shown[$"{writer}"])!["value"]!);
        Assert.Equal(shown, await FollowedAsync(follower));
        using var second = HostProcess.Start(folder.FullName, ["my.json"]);
        await using var reader = await Client.ConnectAsync(await LiveProcess.UrlAsync(second));
        Assert.Equal(shown, Items(await reader.GetAsync(Path)));
    }

    /// <summary>Writes ever higher values, each until it is answered: what was refused must not be there, and what may be there is written
    /// again.</summary>
    private async Task WriteAsync(Uri url, int writer)
    {
        await using var client = await Client.ConnectAsync(url);
        for (var value = 1L; !_over; value++)
        {
            var asked = Stopwatch.StartNew();
            var reply = await client.PutAsync(Path, $$"""{"insert":[{"id":"{{writer}}","value":{{value}} }]}""");
            Assert.True(asked.Elapsed < AnswerTime, $"answered after {asked.Elapsed}");
            if (asked.Elapsed > _longest) _longest = asked.Elapsed;
            if ((bool)reply["ok"]!)
            {
                _acknowledged[writer] = value;
                Interlocked.Increment(ref _answers);
                continue;
            }
            var code = (string)reply["error"]!["code"]!;
            (code == "unknown" ? _unknown : _refused).AddOrUpdate(writer, 1, (_, count) => count + 1);
            Assert.Contains(code, new[] { "unavailable", "unknown" });

            // Not applied means not there: the host shows what is stored.
            var shown = await client.GetAsync(Path);
            if (code == "unavailable" && (bool)shown["ok"]!)
            {
                var stored = Items(shown).TryGetValue($"{writer}", out var item) ? (long)JsonNode.Parse(item)!["value"]! : 0;
                Assert.True(stored < value, $"{value} of writer {writer} was refused, and is stored");
            }
            await Task.Delay(20);
        }

        // The last word, so that what is stored at the end is known.
        await Wait.UntilAsync(
            async () =>
            {
                var value = _acknowledged.GetValueOrDefault(writer) + 1_000_000;
                var ok = (bool)(await client.PutAsync(Path, $$"""{"insert":[{"id":"{{writer}}","value":{{value}} }]}"""))["ok"]!;
                if (ok) _acknowledged[writer] = value;
                return ok;
            },
            "the writer's last update");
    }

    private async Task ProgressAsync(string what)
    {
        var before = Interlocked.Read(ref _answers);
        await Wait.UntilAsync(() => Interlocked.Read(ref _answers) > before + 200, what);
    }

    private static SortedDictionary<string, string> Items(JsonNode reply) =>
        new(reply["data"]!.AsArray().ToDictionary(item => (string)item!["id"]!, item => item!.ToJsonString()), StringComparer.Ordinal);

    /// <summary>What one who followed from the beginning has, once it has the last update. None of it came by a reset but the
    /// first.</summary>
    private static async Task<SortedDictionary<string, string>> FollowedAsync(Client follower)
    {
        var items = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var notifications = 0; !items.ContainsKey("last"); notifications++)
        {
            var data = (await follower.NotificationAsync())["data"]!;
            Assert.Equal(notifications == 0, (bool?)data["reset"] ?? false);
            foreach (var item in data["insert"]?.AsArray() ?? []) items[(string)item!["id"]!] = item.ToJsonString();
        }
        return items;
    }
}
