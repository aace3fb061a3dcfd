using System.Diagnostics;
using System.Text.Json.Nodes;
using SharedState.Host.JsonFiles;
using SharedState.Host.Plugins;
using SharedState.Host.Tests.Engine;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace SharedState.Host.Tests.Plugins;

/// <summary>With pins, nothing of a folder with other content counts, neither its claims nor its manifest, and nothing is copied.</summary>
public sealed class UnverifiedPluginTests : IDisposable
{
    private static readonly string _sqlite = Path.Combine(AppContext.BaseDirectory, "plugins", "Items.Sqlite");

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AFolderThatIsNotPinnedTakesNoServiceFromAPinnedPlugin()
    {
        Change(_folder.CopyPlugin("Memory", "plugs/Rival"), manifest => manifest["db_types"] = new JsonArray("sqlite"));
        WriteConfiguration($$"""{"Items.Sqlite": "{{PluginCache.Hash(_sqlite)}}"}""");
        using var host = Start();
        await host.WriteAndReadAsync("file");
        Assert.Equal(0, await host.TerminateAsync());

        using var list = HostProcess.Start(_folder.FullName, ["--plugins", "my.json"]);
        Assert.Equal(1, await list.ExitAsync()); // the other folders are not pinned
        Assert.Contains("ok        Items.Sqlite 1.0.0", list.Lines);
        Assert.DoesNotContain(list.Lines, line => line.Contains("so does", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WhatIsNotPinnedIsNotCopied()
    {
        _folder.CopyPlugin("Memory", "plugs/Memory");
        WriteConfiguration($$"""{"Items.Sqlite": "{{PluginCache.Hash(_sqlite)}}"}""", "memory");
        using var host = Start();
        await host.LineAsync("Service memory does not run: TestPlugins.Memory 1.0.0 in ");
        await host.WriteAndReadAsync("file");
        Assert.Equal([PluginCache.Hash(_sqlite)], Directory.GetDirectories(_folder["cache/sharedstate/plugins"]).Select(Path.GetFileName));
        Assert.Equal(0, await host.TerminateAsync());
    }

    /// <summary>The manifest is exchanged while it is read, and back before the copy: a race that an intruder wins at last.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AManifestThatWasExchangedBeforeTheCopyIsNotUsed(bool pinned)
    {
        var folder = _folder.CopyPlugin("Memory");
        var pins = pinned ? Pins($$"""{"TestPlugins.Memory": "{{PluginCache.Hash(folder)}}"}""") : PluginPins.None;
        var original = File.ReadAllText(Path.Combine(folder, "plugin.json"));
        Change(folder, manifest => manifest["config"]!["db_table"]!["default"] = "of_the_intruder");
        var exchanged = PluginManifest.Read(folder, out _)!;
        File.WriteAllText(Path.Combine(folder, "plugin.json"), original);

        var plugins = new PluginHost(new(_folder["cache"]));
        Assert.Equal(
            $"the plugin folder {folder} is being written to; it can be used when that is done",
            Assert.Throws<PluginException>(() => plugins.Load(exchanged, pins)).Message);
        Assert.Equal("TestPlugins.Memory", plugins.Load(PluginManifest.Read(folder, out _)!, pins).Manifest.Name);
    }

    [Fact]
    public void AContentThatIsNotPinnedIsRefusedBeforeItIsCopied()
    {
        var folder = _folder.CopyPlugin("Memory");
        var plugins = new PluginHost(new(_folder["cache"]));
        var refusal = Assert.Throws<PluginException>(() => plugins.Load(PluginManifest.Read(folder, out _)!, Pins("{}")));
        Assert.Contains("is not one of those in \"pins\"", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.Exists(_folder["cache"]) ? Directory.GetDirectories(_folder["cache"]) : []);
    }

    [Fact]
    public void AFileWithHolesTakesNoRoomInTheCache()
    {
        var folder = _folder.CopyPlugin("Memory");
        using (var file = File.Create(Path.Combine(folder, "sparse")))
        {
            file.SetLength(64 << 20);
            file.Seek(32 << 20, SeekOrigin.Begin);
            file.Write("in the middle"u8);
        }
        var copy = new PluginCache(_folder["cache"]).Copy(folder);
        Assert.Equal(PluginCache.Hash(folder), PluginCache.Hash(copy.Folder));
        Assert.InRange(Blocks(Path.Combine(copy.Folder, "sparse")) * 512, 1, 1 << 20);
    }

    private static long Blocks(string file)
    {
        using var process = Process.Start(new ProcessStartInfo("stat", ["-c", "%b", file]) { RedirectStandardOutput = true })!;
        return long.Parse(process.StandardOutput.ReadToEnd(), System.Globalization.CultureInfo.InvariantCulture);
    }

    private PluginPins Pins(string pins)
    {
        var file = JsonFile.Read(_folder.Write("pins.json", $$"""{"pins": {{pins}}}"""));
        return PluginPins.Read(file, new(file, file.Root));
    }

    private static void Change(string folder, Action<JsonNode> change)
    {
        var manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "plugin.json")))!;
        change(manifest);
        File.WriteAllText(Path.Combine(folder, "plugin.json"), manifest.ToJsonString());
    }

    private HostProcess Start() =>
        HostProcess.Start(_folder.FullName, ["my.json"], environment: new() { ["XDG_CACHE_HOME"] = _folder["cache"] });

    private void WriteConfiguration(string pins, string? other = null)
    {
        var more = other is null ? "" : $$$""", {"name": "{{{other}}}", "module": "items_service", "config": {"db_type": "{{{other}}}"}}""";
        _folder.Write("my.json", $$$"""
            {"plugins": ["plugs"], "service": {"port": 0}, "pins": {{{pins}}}, "services": [
               {"name": "file", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "file.db"}}{{{more}}}]}
            """);
    }
}
