using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;
using SharedState.Host.Tests.Plugins;
using static SharedState.Host.Tests.Changes.ChangingHost;

namespace SharedState.Host.Tests.Changes;

/// <summary>The plugins of a running host are changed.</summary>
public sealed class PluginChangeTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ANewFolderAndANewEntryAddAServiceInAnyOrder(bool folderFirst)
    {
        using var host = await StartAsync(_folder, Service("a"));
        await using var traffic = await Traffic.StartAsync(host.Process, "/app/a/chnl");
        if (folderFirst) _ = Install("1.0.0");
        host.Configure(Service("a"), Service("b", type: "own"));
        if (!folderFirst)
        {
            await host.Process.LineAsync("Service b does not run: no installed plugin is for db_type \"own\"");
            _ = Install("1.0.0");
        }
        await host.Process.LineAsync("Service b: Items.Sqlite 1.0.0, own, :memory:");
        await host.Process.WriteAndReadAsync("b");
        await traffic.GoOnAsync();
        Assert.Equal(0, await traffic.EndAsync());
    }

    [Fact]
    public async Task AnEntryIsAMistakeUntilThePluginForItsModuleIsInstalled()
    {
        using var host = await StartAsync(_folder, Service("a"));
        host.Configure(Service("a"), """{"name": "b", "module": "own_service", "config": {"db_type": "own", "db_name": ":memory:"}}""");
        await host.Process.LineAsync("unknown module \"own_service\"; the installed plugins serve items_service");
        Install("1.0.0").Change(manifest => manifest["modules"] = new JsonArray("own_service"));
        await host.Process.LineAsync("my.json was read again: added b");
        await host.Process.WriteAndReadAsync("b");
    }

    [Fact]
    public async Task AFolderThatTheFileAddsIsWatched()
    {
        using var host = await StartAsync(_folder, Service("a"));
        _folder.Write(
            "my.json",
            Text(Service("a"), Service("b", type: "own")).Replace("[\"plugs\"]", "[\"plugs\", \"more\"]", StringComparison.Ordinal));
        await host.Process.LineAsync($"there is no folder {_folder["more"]}");
        _ = new PluginFolder(_folder["more/plugin"], "own");
        await host.Process.LineAsync("my.json was read again: added b");
        new PluginFolder(_folder["more/other"], "other").SetVersion("2.0.0");
        _folder.Write(
            "my.json",
            Text(Service("a"), Service("b", type: "own"), Service("c", type: "other"))
                .Replace("[\"plugs\"]", "[\"plugs\", \"more\"]", StringComparison.Ordinal));
        await host.Process.LineAsync("my.json was read again: added c");
    }

    [Theory]
    [InlineData("copied over in place")]
    [InlineData("renamed")]
    [InlineData("half-copied for seconds")]
    public async Task ANewVersionIsSwappedInUnderLoadRegardlessOfHowItIsInstalled(string way)
    {
        var plugin = Install("1.0.0");
        using var host = await StartAsync(_folder, Service("a", "a.db", type: "own"), Service("b", "b.db"));
        await using var traffic = await Traffic.StartAsync(host.Process, "/app/a/chnl");
        await using var other = await Traffic.StartAsync(host.Process, "/app/b/chnl");
        await traffic.GoOnAsync();
        switch (way)
        {
            case "copied over in place":
                foreach (var file in Directory.GetFiles(plugin.FullName))
                    System.IO.File.WriteAllBytes(file, await System.IO.File.ReadAllBytesAsync(file));
                plugin.SetVersion("1.0.1");
                break;
            case "renamed":
                var next = new PluginFolder(_folder["next"], "own", version: "1.0.1");
                plugin.MoveTo(_folder["old"]);
                next.MoveTo(_folder["plugs/own"]);
                break;
            case "half-copied for seconds":
                var assembly = await System.IO.File.ReadAllBytesAsync(plugin.Assembly);
                System.IO.File.Delete(plugin.Assembly);
                plugin.SetVersion("1.0.1");
                Assert.Contains(
                    "as before, with Items.Sqlite 1.0.0; ", await host.Process.LineAsync("has no file SharedState.Items.Sqlite.dll"),
                    StringComparison.Ordinal);
                await System.IO.File.WriteAllBytesAsync(plugin.Assembly, assembly);
                break;
        }
        Assert.Matches(
            @"INF Plugin Items\.Sqlite 1\.0\.0 -> 1\.0\.1 \([0-9a-f]{12}\): swapped in a; updates waited \d+ ms, 0 collections differed\.",
            await host.Process.LineAsync("-> 1.0.1"));
        await traffic.GoOnAsync();
        await other.GoOnAsync();
        Assert.Equal(0, await traffic.EndAsync());
        Assert.Equal(0, await other.EndAsync());
        Assert.Equal(1, host.Count("opened table items of " + _folder["b.db"]));
    }

    [Theory]
    [InlineData("no assembly", "that is no .NET assembly")]
    [InlineData("constructor", "the moon is in the wrong phase")]
    [InlineData("configuration", "needs \"colour\" in \"config\"")]
    [InlineData("manifest", "\"version\" is missing")]
    [InlineData("opening", "\"db_table\"")]
    public async Task AVersionThatFailsLeavesTheOldOneAndLogsTheReason(string what, string why)
    {
        var plugin = Install("1.0.0");
        using var host = await StartAsync(_folder, Service("a", "a.db", type: "own"));
        await using var traffic = await Traffic.StartAsync(host.Process, "/app/a/chnl");
        var assembly = await System.IO.File.ReadAllBytesAsync(plugin.Assembly);
        switch (what)
        {
            case "no assembly": await System.IO.File.WriteAllTextAsync(plugin.Assembly, "no assembly"); break;
            case "configuration":
                plugin.Change(manifest => manifest["config"]!["colour"] = new JsonObject { ["type"] = "string", ["required"] = true });
                break;
            case "manifest": plugin.Change(manifest => manifest.AsObject().Remove("version")); break;
            case "opening": plugin.Change(manifest => manifest["config"]!["db_table"]!["default"] = "no table's name"); break;
            case "constructor":
                foreach (var file in Directory.GetFiles(Path.Combine(TempFolder.TestPlugins, "ThrowsInConstructor"), "TestPlugins.*"))
                    System.IO.File.Copy(file, Path.Combine(plugin.FullName, Path.GetFileName(file)));
                plugin.Change(manifest => manifest["assembly"] = "TestPlugins.ThrowsInConstructor.dll");
                break;
        }
        await host.Process.LineAsync(why);
        await traffic.GoOnAsync();
        host.Process.Signal("HUP");
        await host.SaidAsync(why, 2);

        // The service continues, and takes the correct version.
        await System.IO.File.WriteAllBytesAsync(plugin.Assembly, assembly);
        plugin.Change(manifest =>
        {
            manifest["version"] = "1.0.2";
            manifest["assembly"] = "SharedState.Items.Sqlite.dll";
            manifest["config"]!.AsObject().Remove("colour");
            manifest["config"]!["db_table"]!["default"] = "items";
        });
        await host.Process.LineAsync("Plugin Items.Sqlite 1.0.0 -> 1.0.2");
        await traffic.GoOnAsync();
        Assert.Equal(0, await traffic.EndAsync());
    }

    [Fact]
    public async Task AVersionWithOtherDataResetsSubscribers()
    {
        var plugin = Install("1.0.0");
        using var host = await StartAsync(_folder, Service("a", "a.db", type: "own"));
        await using var client = await host.Process.ConnectAsync();
        await client.PutAsync("/app/a/chnl", """{"insert":[{"id":"1"}]}""");
        await client.PutAsync("/subs", """{"insert":[["/app/a/chnl",{}]]}""");
        Assert.Single((await client.NotificationAsync())["data"]!["insert"]!.AsArray());
        plugin.Change(manifest => manifest["config"]!["db_table"]!["default"] = "others");
        Assert.Equal("""{"reset":true,"remove":[],"insert":[]}""", (await client.NotificationAsync())["data"]!.ToJsonString());
        Assert.Contains(", 1 collections differed.", await host.Process.LineAsync("swapped in a"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServicesOfOnePluginAreSwappedTogetherOrNotAtAll()
    {
        var plugin = Install("1.0.0");
        using var host = await StartAsync(
            _folder, Service("a", "x.db", type: "own"), Service("b", "x.db", "\"b\"", "own"), Service("c", table: "\"c\"", type: "own"));
        await using var one = await Traffic.StartAsync(host.Process, "/app/a/chnl");
        await using var two = await Traffic.StartAsync(host.Process, "/app/b/chnl");
        plugin.Change(manifest => manifest["config"]!["db_table"]!["default"] = "no table's name"); // for a
        await host.SaidAsync("as before, with Items.Sqlite 1.0.0", 2);
        Assert.Contains(" b, c: as before,", await host.Process.LineAsync("it failed for another service"), StringComparison.Ordinal);
        await one.GoOnAsync();
        await two.GoOnAsync();

        host.Configure(
            Service("a", "x.db", type: "own"), Service("b", "x.db", "\"b\"", "own"), Service("c", table: "\"c\"", type: "own"),
            Service("d", type: "own", table: "\"d\""));
        await host.Process.LineAsync("Service d does not run: Items.Sqlite 1.0.0 could not be swapped in");

        plugin.Change(manifest =>
        {
            manifest["version"] = "1.0.2";
            manifest["config"]!["db_table"]!["default"] = "items";
        });
        Assert.Contains("swapped in a, b, c;", await host.Process.LineAsync("1.0.0 -> 1.0.2"), StringComparison.Ordinal);
        await host.Process.LineAsync("added d");
        await one.GoOnAsync();
        await two.GoOnAsync();
        Assert.Equal(0, await one.EndAsync());
        Assert.Equal(0, await two.EndAsync());
    }

    [Fact]
    public async Task APluginWithoutItsFolderContinuesAndIsNotSwappedWhenItReturnsUnderAnotherName()
    {
        var plugin = Install("1.0.0");
        using var host = await StartAsync(_folder, Service("a", "a.db", type: "own"));
        await using var traffic = await Traffic.StartAsync(host.Process, "/app/a/chnl");
        plugin.MoveTo(_folder["elsewhere"]);
        await host.Process.LineAsync(
            "a: Items.Sqlite 1.0.0 stays loaded, but a start would not find it: no installed plugin is for db_type \"own\"");
        plugin.MoveTo(_folder["plugs/another name"]);
        host.Configure(Service("a", "a.db", type: "own"), Service("b", type: "own"));
        await host.Process.LineAsync("added b");
        await traffic.GoOnAsync();
        Assert.Equal(0, await traffic.EndAsync());
        Assert.Equal(0, host.Count("swapped"));
        Assert.Equal(1, host.Count("stays loaded"));
    }

    [Fact]
    public async Task ReturningToAVersionLoadsNothing()
    {
        var plugin = Install("1.0.0");
        using var host = await StartAsync(_folder, Service("a", "a.db", type: "own"));
        plugin.SetVersion("1.0.1");
        Assert.Matches(
            @"2 versions of it are loaded now; the files of those out of use have [1-9]\d*\.\d MiB$",
            await host.Process.LineAsync("1.0.0 -> 1.0.1"));
        plugin.SetVersion("1.0.0");
        Assert.Contains("2 versions of it are loaded now", await host.Process.LineAsync("1.0.1 -> 1.0.0"), StringComparison.Ordinal);
    }

    private PluginFolder Install(string version) => new(_folder["plugs/own"], "own", version: version);
}
