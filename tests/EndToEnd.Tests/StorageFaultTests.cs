using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using SharedState.Host.Tests;
using SharedState.Host.Tests.Engine;

namespace SharedState.EndToEnd.Tests;

/// <summary>What clients get, with the real process, when something happens to the file of the service <c>items</c>.</summary>
public sealed class StorageFaultTests
{
    private const string Path = "/app/items/a";

    static StorageFaultTests() => SQLitePCL.Batteries_V2.Init();

    [Fact]
    public async Task WhileAnotherProgramLocksTheDatabaseUpdatesAreUnavailableAndAllElseGoesOn()
    {
        using var host = await LiveProcess.StartAsync();
        await using var writer = await Client.ConnectAsync(host.Url);
        await using var late = await Client.ConnectAsync(host.Url);
        await using var reader = await Client.ConnectAsync(host.Url);
        await AssertPutAsync(writer, "before");
        using (var other = new SqliteConnection($"Data Source={host.Folder["items.db"]};Pooling=False"))
        {
            other.Open();
            using var transaction = other.BeginTransaction(deferred: false);

            // The first waits for the lock, and the second for the first: neither for more than 10 s.
            var first = RefusedAsync(writer);
            var second = RefusedAsync(late);
            while (!first.IsCompleted || !second.IsCompleted)
            {
                var asked = Stopwatch.StartNew();
                Assert.Equal(["before"], Ids(await reader.GetAsync(Path)));
                Assert.True((bool)(await reader.GetAsync("/clock"))["ok"]!);
                await AssertPutAsync(reader, "meanwhile", "/app/mitems/a");
                Assert.True(asked.Elapsed < TimeSpan.FromSeconds(2), $"reads and other services waited for {asked.Elapsed}");
                await Task.Delay(50);
            }
            Assert.InRange((await first).TotalSeconds, 4, 10);
            Assert.InRange((await second).TotalSeconds, 0, 10);
        }
        await Wait.UntilAsync(async () => (bool)(await PutAsync(writer, "after"))["ok"]!, "the service is back", seconds: 20);
        Assert.Equal(["after", "before"], Ids(await reader.GetAsync(Path)));
    }

    [TemporaryDiskFact]
    public async Task OnAFullDiskUpdatesAreUnavailableUntilThereIsRoom()
    {
        using var folder = new TempFolder();
        TemporaryDiskFactAttribute.Mount(folder.FullName);
        try
        {
            using var host = await LiveProcess.StartAsync(database: folder["items.db"]);
            await using var client = await Client.ConnectAsync(host.Url);
            await AssertPutAsync(client, "before");

            // Both the log and the rest of the disk are full then.
            Fill(folder["filler"]);
            var text = new string('x', 100_000);
            JsonNode reply;
            var stored = 0;
            while ((bool)(reply = await client.PutAsync(Path, $$"""{"insert":[{"id":"large","text":"{{text}}","n":{{stored}}}]}"""))["ok"]!)
                Assert.InRange(++stored, 0, 1000);
            Assert.Equal("unavailable", (string)reply["error"]!["code"]!);
            Assert.Contains("before", Ids(await client.GetAsync(Path)));
            Assert.True((bool)(await client.GetAsync("/clock"))["ok"]!);
            await AssertPutAsync(client, "meanwhile", "/app/mitems/a");

            File.Delete(folder["filler"]);
            await Wait.UntilAsync(async () => (bool)(await PutAsync(client, "after"))["ok"]!, "there is room", seconds: 20);
            var ids = Ids(await client.GetAsync(Path));
            await host.Process.KillAsync();
            await host.StartAgainAsync();
            await using var again = await Client.ConnectAsync(host.Url);
            Assert.Equal(ids, Ids(await again.GetAsync(Path)));
        }
        finally
        {
            TemporaryDiskFactAttribute.Unmount(folder.FullName);
        }
    }

    [Fact]
    public async Task ADamagedDatabaseIsRefusedWithTheReasonAndTheOtherServiceRuns()
    {
        using var host = await LiveProcess.StartAsync();
        var database = host.Folder["items.db"];
        await using (var client = await Client.ConnectAsync(host.Url)) await AssertPutAsync(client, "1");
        Assert.Equal(0, await host.Process.TerminateAsync());
        var bytes = File.ReadAllBytes(database);
        new Random(1).NextBytes(bytes.AsSpan(0, 4096));
        File.WriteAllBytes(database, bytes);

        await host.StartAgainAsync();
        var line = await host.Process.LineAsync("Service items does not run");
        Assert.Contains($"{database} is damaged or no SQLite database", line);
        await using var again = await Client.ConnectAsync(host.Url);
        await AssertPutAsync(again, "1", "/app/mitems/a");
        Assert.False((bool)(await again.GetAsync(Path))["ok"]!);
        Assert.False((bool)(await PutAsync(again, "2"))["ok"]!);
        Assert.Equal(bytes, File.ReadAllBytes(database));
    }

    [Fact]
    public async Task ASecondHostOnOneFileSaysSoAndTakesOverWhenTheFirstEnds()
    {
        using var first = await LiveProcess.StartAsync();
        await using (var client = await Client.ConnectAsync(first.Url)) await AssertPutAsync(client, "1");

        using var second = HostProcess.Start(first.Folder.FullName, ["my.json"]);
        await using var waiting = await Client.ConnectAsync(await LiveProcess.UrlAsync(second));
        Assert.Contains("is open in another host", await second.LineAsync("Service items is not open yet"));
        await AssertPutAsync(waiting, "1", "/app/mitems/a");
        Assert.Equal("unavailable", (string)(await PutAsync(waiting, "2"))["error"]!["code"]!);

        await first.Process.KillAsync();
        await Wait.UntilAsync(async () => (bool)(await PutAsync(waiting, "2"))["ok"]!, "the second host takes over", seconds: 20);
        Assert.Equal(["1", "2"], Ids(await waiting.GetAsync(Path)));
    }

    [Fact]
    public async Task ASecondServiceOnOneTableIsRefusedWithTheNameOfTheFirst()
    {
        using var folder = new TempFolder();
        var service =
            """{"name": "NAME", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "items.db", "db_table": "items"}}""";
        folder.Write("my.json", $$"""
            {"service": {"host": "127.0.0.1", "port": 0},
             "services": [{{service.Replace("NAME", "one", StringComparison.Ordinal)}}, {{service.Replace(
                "NAME",
                "two",
                StringComparison.Ordinal
            )}}]}
            """);
        using var host = HostProcess.Start(folder.FullName, ["my.json"]);
        var line = await host.LineAsync("does not run");
        Assert.Matches("Service (one does not run.*service two has|two does not run.*service one has) table items", line);
    }

    private static Task<JsonNode> PutAsync(Client client, string id, string path = Path) =>
        client.PutAsync(path, $$"""{"insert":[{"id":"{{id}}"}]}""");

    private static async Task AssertPutAsync(Client client, string id, string path = Path) =>
        Assert.True((bool)(await PutAsync(client, id, path))["ok"]!);

    /// <summary>Sends an update that must be unavailable, and says how long that took.</summary>
    private static async Task<TimeSpan> RefusedAsync(Client client)
    {
        var asked = Stopwatch.StartNew();
        var reply = await PutAsync(client, "refused");
        Assert.Equal("unavailable", (string?)reply["error"]?["code"]);
        return asked.Elapsed;
    }

    private static List<string> Ids(JsonNode reply) =>
        [.. reply["data"]!.AsArray().Select(item => (string)item!["id"]!).Order(StringComparer.Ordinal)];

    /// <summary>Writes until no byte more goes.</summary>
    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true) file.Write(new byte[4096]);
        }
        catch (IOException)
        {
            // Full.
        }
    }

    /// <summary>A test that needs a small disk of its own, which only root can mount; skipped, and says so, where that is not
    /// possible.</summary>
    private sealed class TemporaryDiskFactAttribute : FactAttribute
    {
        private static readonly bool _possible = IsPossible();

        public TemporaryDiskFactAttribute()
        {
            if (!_possible) Skip = "a disk of 4 MiB can be mounted by root on Linux only";
        }

        public static void Mount(string folder) => Assert.Equal(0, Run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder));

        public static void Unmount(string folder) => Run("umount", "-l", folder);

        private static bool IsPossible()
        {
            if (!OperatingSystem.IsLinux() || Environment.UserName != "root") return false;
            using var folder = new TempFolder();
            if (Run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder.FullName) != 0) return false;
            Unmount(folder.FullName);
            return true;
        }

        private static int Run(string program, params string[] arguments)
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode;
        }
    }
}
