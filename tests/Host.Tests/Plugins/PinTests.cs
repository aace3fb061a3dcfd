using SharedState.Host.Plugins;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Plugins;

/// <summary>Pins restrict the content of plugins, in the real program on real plugin folders.</summary>
public sealed class PinTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string _kept;

    public PinTests()
    {
        _kept = _folder["plugs/Contract10"];
        Directory.CreateDirectory(_kept);
        foreach (var file in Directory.GetFiles(Repository.At("tests", "TestPlugins", "Contract10", "plugin")))
            File.Copy(file, Path.Combine(_kept, Path.GetFileName(file)));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("\"HASH\"")]
    [InlineData("[\"0000000000000000000000000000000000000000000000000000000000000000\", \"HASH\"]")]
    [InlineData("{\"file\": \"hash.txt\"}")]
    public async Task APinnedPluginRuns(string pin)
    {
        _folder.Write("hash.txt", PluginCache.Hash(_kept).ToUpperInvariant() + "\n");
        Write($$"""{"Contract10": {{pin.Replace("HASH", PluginCache.Hash(_kept), StringComparison.Ordinal)}}}""");
        using var host = Start();
        await host.WriteAndReadAsync("items");
        Assert.Equal(0, await host.TerminateAsync());
    }

    [Fact]
    public async Task ATamperedPluginIsRefusedAndTheOthersRun()
    {
        var (pinned, sqlite) = (
            PluginCache.Hash(_kept), PluginCache.Hash(Path.Combine(AppContext.BaseDirectory, "plugins", "Items.Sqlite")));
        Write($$"""{"Contract10": "{{pinned}}", "Items.Sqlite": "{{sqlite}}"}""");
        File.AppendAllText(Path.Combine(_kept, "Contract10.deps.json"), " ");
        var found = PluginCache.Hash(_kept);
        Assert.NotEqual(pinned, found);

        using var host = Start();
        Assert.EndsWith(
            $"Service items does not run: Contract10 1.0.0 in {_kept} has other content than \"pins\" says. Restore the pinned content, or "
                + $"to trust the new content, write \"Contract10\": \"{found}\" in \"pins\"",
            await host.LineAsync("Service items does not run"),
            StringComparison.Ordinal);
        await host.WriteAndReadAsync("file");
        Assert.Equal(0, await host.TerminateAsync());
    }

    [Fact]
    public async Task WithPinsAPluginWithoutAPinIsRefused()
    {
        Write($$"""{"Contract10": "{{PluginCache.Hash(_kept)}}"}""");
        using var host = Start();
        var sqlite = Path.Combine(AppContext.BaseDirectory, "plugins", "Items.Sqlite");
        Assert.EndsWith(
            $"Items.Sqlite 1.0.0 in {sqlite} is not one of those in \"pins\". To trust it, add \"Items.Sqlite\": "
                + $"\"{PluginCache.Hash(sqlite)}\" to \"pins\"",
            await host.LineAsync("Service file does not run"),
            StringComparison.Ordinal);
        await host.WriteAndReadAsync("items");
        Assert.Equal(0, await host.TerminateAsync());
    }

    [Fact]
    public async Task TheLineFromTheRefusalMakesThePluginRun()
    {
        Write("""{"Items.Sqlite": []}""");
        using var refused = HostProcess.Start(_folder.FullName, ["--check", "my.json"]);
        Assert.Equal(1, await refused.ExitAsync());
        var line = refused.Lines.Single(line => line.Contains("  items  does not run: ", StringComparison.Ordinal));
        Write(
            $$"""{ {{line[(line.IndexOf(", add ", StringComparison.Ordinal) + 6)..line.IndexOf(" to \"pins\"", StringComparison.Ordinal)]}} }"""
        );
        using var host = Start();
        await host.WriteAndReadAsync("items");
    }

    [Fact]
    public async Task ATamperedReplacementIsNotSwappedInUntilItIsPinned()
    {
        Write($$"""{"Contract10": "{{PluginCache.Hash(_kept)}}"}""");
        using var host = Start();
        await using var client = await host.ConnectAsync();
        await client.PutAsync("/app/items/a", """{"insert":[{"id":"1"}]}""");
        File.AppendAllText(Path.Combine(_kept, "Contract10.deps.json"), " ");
        await host.LineAsync("has other content than \"pins\" says. Restore the pinned content");
        Assert.Equal("""[{"id":"1"}]""", (await client.GetAsync("/app/items/a"))["data"]!.ToJsonString());

        Write($$"""{"Contract10": "{{PluginCache.Hash(_kept)}}"}""");
        await host.LineAsync($"({PluginCache.Hash(_kept)[..12]})");
    }

    /// <summary>A copy that another program changed in the cache is neither compared nor loaded.</summary>
    [Fact]
    public async Task TheComparedContentIsTheLoadedContent()
    {
        var pinned = PluginCache.Hash(_kept);
        Write($$"""{"Contract10": "{{pinned}}"}""");
        var copy = new PluginCache(_folder["cache/sharedstate/plugins"]).Copy(_kept);
        Assert.Equal(pinned, copy.Hash);
        File.WriteAllText(Path.Combine(copy.Folder, "Contract10.dll"), "something else");
        using var host = Start();
        await host.WriteAndReadAsync("items");
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(_kept, "Contract10.dll")), File.ReadAllBytes(Path.Combine(copy.Folder, "Contract10.dll")));
    }

    [Fact]
    public async Task APinOfAMissingPluginIsNoMistakeAndCheckMentionsIt()
    {
        Write($$"""{"Contract10": "{{PluginCache.Hash(_kept)}}", "Items.Sqlit": []}""");
        using var check = HostProcess.Start(_folder.FullName, ["--check", "my.json"]);
        await check.ExitAsync();
        Assert.StartsWith($"{_folder["my.json"]} can be read, and 1 of ", check.Lines[0], StringComparison.Ordinal);
        Assert.EndsWith(
            "pins.Items.Sqlit: no plugin of this name is installed; did you mean \"Items.Sqlite\"?", check.Lines[1],
            StringComparison.Ordinal);
        using var host = Start();
        await host.WriteAndReadAsync("items");
    }

    [Fact]
    public async Task TheListShowsPinnedPluginsAndTheLinesToAdd()
    {
        Write($$"""{"Contract10": "{{PluginCache.Hash(_kept)}}"}""");
        using var list = HostProcess.Start(_folder.FullName, ["--plugins", "my.json"]);
        Assert.Equal(1, await list.ExitAsync());
        Assert.Contains($"          sha-256   {PluginCache.Hash(_kept)} (pinned)", list.Lines);
        Assert.Contains("unusable  Items.Sqlite 1.0.0", list.Lines);
        Assert.Contains("          reason    It is not one of those in \"pins\".", list.Lines);
        Assert.EndsWith(": 1 ok, 3 unusable", list.Lines[^1], StringComparison.Ordinal);
    }

    private HostProcess Start() =>
        HostProcess.Start(_folder.FullName, ["my.json"], environment: new() { ["XDG_CACHE_HOME"] = _folder["cache"] });

    private void Write(string pins) => _folder.Write("my.json", $$$"""
        {"plugins": ["plugs"], "service": {"port": 0, "limits": {"watch_seconds": 0.25}}, "services": [
           {"name": "items", "module": "items_service", "config": {"db_type": "kept"}},
           {"name": "file", "module": "items_service", "config": {"db_type": "sqlite", "db_name": ":memory:"}}],
         "pins": {{{pins}}}}
        """);
}
