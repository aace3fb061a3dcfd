using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using SharedState.Host.Tests;
using SharedState.Host.Tests.Engine;
using SharedState.Items.Tests.MySql;
using Xunit.Abstractions;

namespace SharedState.EndToEnd.Tests;

/// <summary>The real program on a real MariaDB.</summary>
public sealed class MySqlOutageTests(ITestOutputHelper log)
{
    private const int Kills = 6, Writers = 4;
    private const string Path = "/app/items/storm", Calm = "/app/items/calm";

    [MariaDbFact]
    public async Task SixKillsOfTheDatabaseInAWriteStormLoseNothingAndHealByThemselves()
    {
        await using var database = await MariaDbServer.StartAsync();
        using var folder = new TempFolder();
        using var host = await StartAsync(folder, database);
        var url = await LiveProcess.UrlAsync(host);
        var storm = new Storm();
        await using var reader = await Client.ConnectAsync(url);
        await reader.PutAsync(Path, """{"insert":[{"id":"first"}]}""");
        await reader.PutAsync(Calm, """{"insert":[{"id":"a"}]}""");
        var (reads, inDoubt) = (0, 0);
        var writers = Enumerable.Range(0, Writers).Select(writer => Task.Run(() => storm.WriteAsync(url, writer))).ToArray();
        var reading = Task.Run(async () =>
        {
            while (!storm.Over)
            {
                var asked = Stopwatch.StartNew();
                Assert.True((bool)(await reader.GetAsync(Calm))["ok"]!);
                Assert.True((bool)(await reader.GetAsync("/clock"))["ok"]!);

                // Where the database went while it was to store, nobody knows what is stored: that collection is not served until it was
                // read again.
                var storming = await reader.GetAsync(Path);
                if (!(bool)storming["ok"]!)
                {
                    Assert.Equal("unavailable", (string)storming["error"]!["code"]!);
                    inDoubt++;
                }
                Assert.True((bool)(await reader.PutAsync("/app/mitems/a", """{"insert":[{"id":"a"}]}"""))["ok"]!);
                Assert.True(asked.Elapsed < TimeSpan.FromSeconds(2), $"reads and another service waited for {asked.Elapsed}");
                reads++;
                await Task.Delay(5);
            }
        });

        for (var kill = 0; kill < Kills; kill++)
        {
            await MoreAsync(() => storm.Acknowledged, 150, "updates are stored");
            await database.KillAsync();
            await MoreAsync(() => storm.Refused, 5, "updates are refused");
            await MoreAsync(() => reads, 20, "reads go on");
            await database.StartAgainAsync();
            var up = Stopwatch.StartNew();
            await MoreAsync(() => storm.Acknowledged, 1, "the service is back");
            log.WriteLine(
                $"kill {kill}: back {up.Elapsed.TotalSeconds:0.00} s after the database; {storm}; {inDoubt} of {reads} reads of the "
                    + "collection refused");
        }
        storm.End();
        await Task.WhenAll([.. writers, reading]); // no connection was lost

        // What each writer was told is what is stored, and what is in memory is what is stored.
        var memory = (await reader.GetAsync(Path))["data"]!
            .AsArray()
            .ToDictionary(item => (string)item!["id"]!, item => item!.ToJsonString());
        var stored = (await database.SqlAsync("SELECT id, data FROM items WHERE app = 'app' AND chnl = 'storm'", "sharedstate"))
            .Select(row => row.Split('|', 2)).ToDictionary(row => row[0], row => row[1]);
        Assert.Equal(stored.OrderBy(item => item.Key, StringComparer.Ordinal), memory.OrderBy(item => item.Key, StringComparer.Ordinal));
        storm.AssertStored(id => (long)JsonNode.Parse(stored[id])!["value"]!);
        Assert.Equal(0, await host.TerminateAsync());

        async Task MoreAsync(Func<long> count, long more, string what)
        {
            var before = count();
            await Wait.UntilAsync(() => count() >= before + more || writers.Any(writer => writer.IsFaulted) || reading.IsFaulted, what);
            await Task.WhenAll(writers.Append(reading).Where(task => task.IsFaulted));
        }
    }

    [MariaDbFact]
    public async Task AnExistingInstallationsFileAndTableAreServed()
    {
        await using var database = await MariaDbServer.StartAsync();
        await database.SqlAsync("""
            CREATE DATABASE sharedstate; USE sharedstate; CREATE USER myuser IDENTIFIED BY 'secret'; GRANT ALL ON sharedstate.* TO myuser;
            CREATE TABLE items (app VARCHAR(128), chnl VARCHAR(128), id VARCHAR(64), ctime TIMESTAMP DEFAULT CURRENT_TIMESTAMP, data TEXT,
                PRIMARY KEY (app, chnl, id)) CHARACTER SET utf8;
            INSERT INTO items (app, chnl, id, data) VALUES ('app', 'old', 'a', '{"x": 1}')
            """);
        using var folder = new TempFolder();
        using var host = await StartAsync(folder, database);
        await using var client = await Client.ConnectAsync(await LiveProcess.UrlAsync(host));
        Assert.Equal("""[{"id":"a","data":{"x":1}}]""", (await client.GetAsync("/app/items/old"))["data"]!.ToJsonString());
        Assert.True((bool)(await client.PutAsync("/app/items/old", """{"insert":[{"id":"A"}]}"""))["ok"]!);
        Assert.Equal(2, (await client.GetAsync("/app/items/old"))["data"]!.AsArray().Count);
        Assert.True((bool)(await client.PutAsync("/app/mitems/old", """{"insert":[{"id":"A"}]}"""))["ok"]!);
        Assert.Equal(0, await host.TerminateAsync());
        Assert.DoesNotContain("secret", host.Output, StringComparison.Ordinal);
    }

    /// <summary>An existing installation's file, word for word but for the ports.</summary>
    private static async Task<HostProcess> StartAsync(TempFolder folder, MariaDbServer database)
    {
        await database.SqlAsync("CREATE USER IF NOT EXISTS myuser IDENTIFIED BY 'secret'; GRANT ALL ON sharedstate.* TO myuser");
        folder.Write("my.json", """
            {"service": {"host": "0.0.0.0", "port": 0},
             "services": [
               {"name": "items", "module": "items_service",
                "config": {"db_type": "mysql", "db_name": "sharedstate", "db_table": "items", "db_host": "localhost", "db_port": PORT, "db_user": "myuser",
                           "db_password": "secret", "ssl.enabled": false, "ssl.key": null, "ssl.ca": null, "ssl.cert": null}},
               {"name": "mitems", "module": "items_service", "config": {"db_type": "sqlite", "db_name": ":memory:", "db_table": "items"}}]}
            """.Replace("PORT", database.Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
        var host = HostProcess.Start(folder.FullName, ["my.json"]);
        await host.LineAsync("opened table items of sharedstate");
        return host;
    }

    /// <summary>Writers that each count up in an item of their own, and what they were told.</summary>
    private sealed class Storm
    {
        private readonly ConcurrentDictionary<int, long> _acknowledged = new();
        private readonly ConcurrentDictionary<int, ConcurrentBag<long>> _unknown = new();
        private long _stored, _refused, _unknowns;

        public long Acknowledged => Interlocked.Read(ref _stored);

        public long Refused => Interlocked.Read(ref _refused);

        public bool Over { get; private set; }

        public void End() => Over = true;

        public async Task WriteAsync(Uri url, int writer)
        {
            await using var client = await Client.ConnectAsync(url);
            for (var value = 1; !Over; value++)
            {
                var asked = Stopwatch.StartNew();
                var reply = await client.PutAsync(Path, $$"""{"insert":[{"id":"{{writer}}","value":{{value}}}]}""");
                Assert.True(asked.Elapsed < TimeSpan.FromSeconds(10), $"an answer took {asked.Elapsed}");
                if ((bool)reply["ok"]!)
                {
                    _acknowledged[writer] = value;
                    Interlocked.Increment(ref _stored);
                    continue;
                }
                var code = (string)reply["error"]!["code"]!;
                Assert.Contains(code, new[] { "unavailable", "unknown" });
                if (code == "unknown")
                {
                    _unknown.GetOrAdd(writer, _ => []).Add(value);
                    Interlocked.Increment(ref _unknowns);
                }
                Interlocked.Increment(ref _refused);
                await Task.Delay(20); // as a client would, which does not ask again at once
            }
        }

        /// <summary>Stored is what was last acknowledged, or one of those after it of which nobody knew.</summary>
        public void AssertStored(Func<string, long> stored)
        {
            foreach (var (writer, value) in _acknowledged)
            {
                var found = stored($"{writer}");
                Assert.True(
                    found == value || (found > value && _unknown.GetValueOrDefault(writer)?.Contains(found) == true),
                    $"writer {writer} was told {value}, stored is {found}");
            }
        }

        public override string ToString() =>
            $"{Acknowledged} stored, {Refused} refused, {Interlocked.Read(ref _unknowns)} of these unknown";
    }
}
