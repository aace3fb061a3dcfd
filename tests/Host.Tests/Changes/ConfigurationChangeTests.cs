using System.Diagnostics;
using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Changes.ChangingHost;

namespace SharedState.Host.Tests.Changes;

/// <summary>The configuration file of a running host is changed.</summary>
public sealed class ConfigurationChangeTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("in place")]
    [InlineData("renamed over")]
    [InlineData("a link to it is moved")]
    [InlineData("in several writes")]
    [InlineData("deleted and made anew")]
    [InlineData("beside an editor's files")]
    public async Task AChangedFileIsAppliedRegardlessOfHowItIsWritten(string way)
    {
        if (way == "a link to it is moved")
        {
            // As Kubernetes changes a ConfigMap.
            _folder.Write("v1/my.json", Text(Service("a")));
            Directory.CreateSymbolicLink(_folder["..data"], "v1");
            System.IO.File.CreateSymbolicLink(_folder["my.json"], "..data/my.json");
        }
        using var host = await StartAsync(_folder, Service("a"));
        await using var traffic = await Traffic.StartAsync(host.Process, "/app/a/chnl");
        await traffic.GoOnAsync();
        var text = Text(Service("a"), Service("b"));
        switch (way)
        {
            case "in place":
                host.Configure(Service("a"), Service("b"));
                break;
            case "renamed over":
                System.IO.File.Move(_folder.Write("next.json", text), host.Path, overwrite: true);
                break;
            case "a link to it is moved":
                _folder.Write("v2/my.json", text);
                Directory.CreateSymbolicLink(_folder["next"], "v2");
                using (var move = Process.Start("mv", ["-T", _folder["next"], _folder["..data"]])) await move.WaitForExitAsync();
                break;
            case "in several writes":
                System.IO.File.WriteAllText(host.Path, "");
                foreach (var part in text.Chunk(7)) System.IO.File.AppendAllText(host.Path, new(part));
                break;
            case "deleted and made anew":
                System.IO.File.Delete(host.Path);
                host.Configure(Service("a"), Service("b"));
                break;
            case "beside an editor's files":
                _folder.Write(".my.json.swp", "b0VIM");
                _folder.Write("my.json~", "old");
                _folder.Write("4913", "");
                System.IO.File.Delete(_folder["4913"]);
                host.Configure(Service("a"), Service("b"));
                _folder.Write("#my.json#", "half");
                break;
        }
        Assert.EndsWith("my.json was read again: added b", await host.Process.LineAsync("was read again"), StringComparison.Ordinal);
        await host.Process.WriteAndReadAsync("b");
        await traffic.GoOnAsync();
        Assert.Equal(0, await traffic.EndAsync());
        Assert.Equal(0, host.Count("can't be used"));
    }

    [Fact]
    public async Task AChangeWithoutAnEffectTouchesNoService()
    {
        using var host = await StartAsync(_folder, Service("a"), Service("b", "b.db", "\"t\""));
        await using var traffic = await Traffic.StartAsync(host.Process, "/app/b/chnl");
        host.Process.Signal("HUP");
        await host.Process.LineAsync("my.json was read again: there is nothing to change");
        System.IO.File.SetLastWriteTimeUtc(host.Path, DateTime.UtcNow.AddDays(1));
        _folder.Write("my.json", $$$"""
            {
              // The same in other words.
              "services": [
                {"module": "items_service", "config": {"db_name": ":memory:", "db_type": "sqlite", "db_table": "items"}, "name": "a"},
                {"name": "b", "module": "items_service", "config": {"db_table": "t", "db_name": "b.db", "db_type": "sqlite", "db_host": null}},
              ],
              "plugins": ["plugs"], "service": {{{Server}}}
            }
            """);
        await host.SaidAsync("my.json was read again: there is nothing to change", 2);
        await traffic.GoOnAsync();
        Assert.Equal(0, await traffic.EndAsync());
        Assert.Equal(2, host.Count("was read again"));
        Assert.Equal(1, host.Count("opened table t"));
    }

    [Fact]
    public async Task AFileWithMistakesChangesNothingAndReportsThemAsAStartDoes()
    {
        using var host = await StartAsync(_folder, Service("a"), Service("b"));
        await using var traffic = await Traffic.StartAsync(host.Process, "/app/a/chnl");
        _folder.Write("my.json", """
            {"service": {"port": 0, "prot": 1}, "services": [
              {"name": "a", "module": "items_service", "config": {"db_type": "sqlite", "db_nmae": "x"}},
              {"name": "new", "module": "item_service", "config": {"db_type": "sqlite", "db_name": ":memory:"}}
            """);
        await host.Process.LineAsync("this is not JSON");
        System.IO.File.AppendAllText(host.Path, "]}");
        await host.Process.LineAsync("item_service");
        using var start = HostProcess.Start(_folder.FullName, ["my.json"]);
        Assert.Equal(1, await start.ExitAsync());
        Assert.Equal(3, start.Lines.Count);
        foreach (var mistake in start.Lines) await host.Process.LineAsync($"ERR {mistake}");
        await host.Process.LineAsync("ERR my.json was changed and cannot be used (mistakes: 3); everything continues unchanged:");

        System.IO.File.Delete(host.Path);
        await host.Process.LineAsync("my.json: the file cannot be read: there is no such file");
        await host.Process.WriteAndReadAsync("b");
        await traffic.GoOnAsync();
        Assert.Equal(0, await traffic.EndAsync());
        Assert.Equal(0, host.Count("was read again"));

        host.Configure(Service("a"), Service("b"), Service("new"));
        await host.Process.LineAsync("my.json was read again: added new");
    }

    [Fact]
    public async Task AChangedEntryReopensOnlyItsService()
    {
        using var host = await StartAsync(_folder, Service("a", "x.db", "\"one\""), Service("b", "x.db", "\"two\""));
        await using var traffic = await Traffic.StartAsync(host.Process, "/app/b/chnl");
        await using var client = await host.Process.ConnectAsync();
        await client.PutAsync("/app/a/chnl", """{"insert":[{"id":"1"}]}""");
        await client.PutAsync("/subs", """{"insert":[["/app/a/chnl",{}]]}""");
        Assert.Single((await client.NotificationAsync())["data"]!["insert"]!.AsArray());

        host.Configure(Service("a", "x.db", "\"three\""), Service("b", "x.db", "\"two\""));
        await host.Process.LineAsync("my.json was read again: reopened a");
        Assert.Equal("""{"reset":true,"remove":[],"insert":[]}""", (await client.NotificationAsync())["data"]!.ToJsonString());
        await host.Process.WriteAndReadAsync("a");
        await traffic.GoOnAsync();
        Assert.Equal(0, await traffic.EndAsync());
        Assert.Equal(1, host.Count("opened table two"));
    }

    [Fact]
    public async Task ARemovedEntryInformsItsSubscribersAndDisturbsNoOtherClient()
    {
        using var host = await StartAsync(_folder, Service("a", "a.db"), Service("gone", "gone.db"));
        await using var traffic = await Traffic.StartAsync(host.Process, "/app/a/chnl");
        await using var client = await host.Process.ConnectAsync();
        await client.PutAsync("/subs", """{"insert":[["/app/gone/chnl",{}],["/app//gone/chnl/",{}],["/other/a/chnl",{}]]}""");
        for (var first = 0; first < 3; first++) await client.NotificationAsync();
        await using var writer = await host.Process.ConnectAsync();
        var answers = FloodAsync(writer);

        host.Configure(Service("new"), Service("a", "a.db"));
        string[] dropped = [await NextDropAsync(), await NextDropAsync()];
        Assert.Equal(["/app//gone/chnl/", "/app/gone/chnl"], dropped.Order(StringComparer.Ordinal));
        Assert.Equal("""[["/other/a/chnl",{}]]""", (await client.GetAsync("/subs"))["data"]!.ToJsonString());
        var refused = await client.PutAsync("/app/gone/chnl", """{"insert":[{"id":"1"}]}""");
        Assert.Equal("""{"code":"not_found","message":"no service","temporary":false}""", refused["error"]!.ToJsonString());
        Assert.False((bool)(await client.PutAsync("/subs", """{"insert":[["/app/gone/chnl",{}]]}"""))["ok"]!);
        await host.Process.LineAsync("my.json was read again: added new; removed gone");
        Assert.Equal("""["new","a"]""", (await client.GetAsync("/"))["data"]!.ToJsonString());

        // An update in transit during the removal was stored, or was answered with no service.
        var stored = await answers;
        await traffic.GoOnAsync();
        Assert.Equal(0, await traffic.EndAsync());
        host.Configure(Service("back", "gone.db"), Service("a", "a.db"));
        await host.Process.LineAsync("added back");
        Assert.Equal(stored, (await client.GetAsync("/app/back/flood"))["data"]!.AsArray().Count);

        async Task<string> NextDropAsync()
        {
            var message = await client.NotificationAsync();
            Assert.Equal("DROP", (string?)message["cmd"]);
            Assert.Equal(
                """{"code":"not_found","message":"the service is no longer configured on this server","temporary":false}""",
                message["error"]!.ToJsonString());
            return (string)message["path"]!;
        }
    }

    [Fact]
    public async Task SubscribersOfAServiceThatComesAndGoesAreAnsweredAndFollowOrAreDropped()
    {
        using var host = await StartAsync(_folder, Service("a"));
        await using var client = await host.Process.ConnectAsync();
        for (var times = 1; times <= 4; times++)
        {
            host.Configure(Service("a"), Service("b"));
            await host.SaidAsync("added b", times);
            using var stop = new CancellationTokenSource();
            var accepted = 0;
            var subscribing = Task.Run(SubscribeAsync);
            await Wait.UntilAsync(() => Volatile.Read(ref accepted) > 0 || subscribing.IsCompleted, "a subscription is accepted");
            host.Configure(Service("a"));
            await host.SaidAsync("removed b", times);
            await stop.CancelAsync();
            await subscribing;
            Assert.Equal("[]", (await client.GetAsync("/subs"))["data"]!.ToJsonString());

            // Each subscription replaces the one before it.
            async Task SubscribeAsync()
            {
                while (true)
                {
                    var reply = await client.PutAsync("/subs", """{"insert":[["/app/b/chnl",{}]]}""");
                    if ((bool)reply["ok"]!) Interlocked.Increment(ref accepted);
                    else if (stop.IsCancellationRequested) return;
                    else Assert.Equal("not_found", (string?)reply["error"]!["code"]);
                }
            }
        }
    }

    [Fact]
    public async Task AServiceMayGetAnotherNameAndKeepItsTable()
    {
        using var host = await StartAsync(_folder, Service("a", "x.db"));
        await host.Process.WriteAndReadAsync("a");
        host.Configure(Service("b", "x.db"));
        await host.Process.LineAsync("my.json was read again: added b; removed a");
        await using var client = await host.Process.ConnectAsync();
        Assert.Single((await client.GetAsync("/app/b/chnl"))["data"]!.AsArray());
    }

    [Fact]
    public async Task AServiceWhoseChangeFailsContinuesAndIsTriedAgainOnSighup()
    {
        using var host = await StartAsync(_folder, Service("a", "good.db"));
        await using var traffic = await Traffic.StartAsync(host.Process, "/app/a/chnl");
        _folder.Write("bad.db", new string('x', 10_000));
        host.Configure(Service("a", "bad.db"));
        Assert.Contains(
            "ERR a: as before, with Items.Sqlite 1.0.0; the change failed and is tried again after the next change, or on SIGHUP: ",
            await host.Process.LineAsync("as before"),
            StringComparison.Ordinal);
        await traffic.GoOnAsync();
        Assert.Equal(0, await traffic.EndAsync());
        Assert.Equal(1, host.Count("as before"));

        System.IO.File.Delete(_folder["bad.db"]);
        host.Process.Signal("HUP");
        await host.Process.LineAsync("my.json was read again: reopened a");
        host.Process.Signal("HUP");
        await host.Process.LineAsync("my.json was read again: there is nothing to change");
        Assert.Equal(0, await host.Process.TerminateAsync());
    }

    [Fact]
    public async Task AChangeOfAReferencedFileIsApplied()
    {
        _folder.Write("table.txt", "one\n");
        using var host = await StartAsync(_folder, Service("a", "x.db", """{"file": "table.txt"}"""));
        _folder.Write("table.txt", "two\n");
        await host.Process.LineAsync("my.json was read again: reopened a");
    }

    [Fact]
    public async Task AServiceThatIsNotOpenYetTakesACorrection()
    {
        using var host = await StartAsync(
            _folder,
            """{"name": "a", "module": "items_service", "config": {"db_type": "mysql", "db_name": "x", "db_host": "localhost", "db_port": 1, "db_user": "me"}}"""
        );
        await host.Process.LineAsync("Service a is not open yet");
        host.Configure(Service("a"));
        await host.Process.LineAsync("my.json was read again: reopened a");
        await host.Process.WriteAndReadAsync("a");
    }

    [Fact]
    public async Task ARenamedServiceWithItemsInMemoryIsAWarningWithTheirNumber()
    {
        using var host = await StartAsync(_folder, Service("a"), Service("b"), Service("c", "c.db"));
        await host.Process.WriteAndReadAsync("a");
        await host.Process.WriteAndReadAsync("c");
        host.Configure(Service("renamed"));
        await host.SaidAsync(" WRN Service a was removed or renamed, and 1 items that it kept in memory are gone", 1);
        Assert.Equal(1, host.Count("was removed or renamed"));
    }

    [Fact]
    public async Task ATroubleThatIsOverIsTold()
    {
        using var host = await StartAsync(_folder, Service("a"));
        host.Configure(Service("a"), Service("b", type: "oracle"));
        await host.SaidAsync("no installed plugin is for db_type \"oracle\"", 1);
        host.Configure(Service("a"));
        await host.SaidAsync(" INF No longer so: no installed plugin is for db_type \"oracle\"", 1);
    }

    [Fact]
    public async Task FieldsThatNeedARestartAreReportedOnceAndTheOthersAreApplied()
    {
        using var host = await StartAsync(_folder, Service("a"));
        _folder.Write(
            "my.json",
            Text(Service("a"), Service("b"))
                .Replace("\"port\": 0", "\"port\": 1, \"log\": \"json\"", StringComparison.Ordinal)
                .Replace("\"limits\": {", "\"limits\": {\"id_bytes\": 99, ", StringComparison.Ordinal));
        Assert.EndsWith(
            "WRN service.port, service.log, service.limits.id_bytes changed: this takes effect at the next start, and until then the host "
                + "keeps the previous settings",
            await host.Process.LineAsync("takes effect"), StringComparison.Ordinal);
        await host.Process.WriteAndReadAsync("b");
        host.Configure(Service("a"), Service("b"), Service("c"));
        await host.Process.LineAsync("added c");
        await host.SaidAsync(
            "No longer so: service.port waits for the next start; service.log waits for the next start; "
                + "service.limits.id_bytes waits for the next start", 1);
        Assert.Equal(1, host.Count("takes effect"));
    }

    [Fact]
    public async Task AFieldThatNeedsARestartIsReportedOnceForEachOfItsChanges()
    {
        using var host = await StartAsync(_folder, Service("a"));
        Configure("\"port\": 1", Service("a"));
        await host.SaidAsync("WRN service.port changed: this takes effect", 1);
        Configure("\"port\": 1", Service("a"), Service("b"));
        await host.SaidAsync("added b", 1);
        Configure("\"port\": 1, \"log\": \"json\"", Service("a"), Service("b"));
        await host.SaidAsync("WRN service.log changed: this takes effect", 1);
        Configure("\"port\": 2, \"log\": \"json\"", Service("a"), Service("b"));
        await host.SaidAsync("WRN service.port changed: this takes effect", 2);
        Assert.Equal(3, host.Count("takes effect"));

        host.Process.Signal("HUP"); // the operator asks for all that waits
        await host.SaidAsync("WRN service.port, service.log changed: this takes effect", 1);
        Assert.Equal(0, host.Count("No longer so"));

        void Configure(string fields, params string[] services) =>
            _folder.Write("my.json", Text(services).Replace("\"port\": 0", fields, StringComparison.Ordinal));
    }

    /// <summary>Writes items one by one until there is no service any more; returns how many were stored.</summary>
    private static async Task<int> FloodAsync(Client writer)
    {
        for (var stored = 0; ; stored++)
        {
            var reply = await writer.PutAsync("/app/gone/flood", $$"""{"insert":[{"id":"{{stored}}"}]}""");
            if ((bool)reply["ok"]!) continue;
            Assert.Equal("no service", (string?)reply["error"]!["message"]);
            return stored;
        }
    }
}
