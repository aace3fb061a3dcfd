using System.Diagnostics;
using System.Runtime.Versioning;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Plugins;

/// <summary>Hosts that may write to few places or to none, as containers and units of systemd with a hardened configuration.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ConfinedHostTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [ConfinedFact]
    public async Task AHostOfAnUnknownUserRunsOnAReadOnlyRootWithoutHomeAndTemporaryFolder()
    {
        Write();
        using var host = StartConfined("mount -t tmpfs -o mode=1777 tmpfs $DATA; mount -o remount,ro,bind /", "");
        await host.LineAsync(
            "Plugins are loaded from their own folders and cannot be swapped while the host runs, because no folder can take copies of "
                + "them: "
                + "this user has no home, and CACHE_DIRECTORY names no folder; /tmp cannot be written to. "
                + "To change that, let CACHE_DIRECTORY name a folder to which this user may write");
        await host.WriteAndReadAsync("file");
        Assert.Equal(0, await host.TerminateAsync());
    }

    [ConfinedFact]
    public async Task WhereLibrariesMayNotRunFromTheCacheOnlyPluginsWithoutNativeOnesAreCopied()
    {
        Write();
        using var host = StartConfined(
            "mount -t tmpfs -o mode=1777 tmpfs $DATA; mkdir $DATA/run; mount -t tmpfs -o noexec,mode=1777 tmpfs $DATA/run; mount -o "
                + "remount,ro,bind /",
            "TMPDIR=$DATA/run");
        await host.LineAsync("Plugins with native libraries are loaded from their own folders");
        await host.WriteAndReadAsync("file");
        await host.WriteAndReadAsync("managed");
        var view = $"/proc/{host.Id}/root{_folder["data/run"]}";
        var cache = Assert.Single(Directory.GetDirectories(view, "sharedstate-plugins-*"));
        Assert.True(File.Exists(Path.Combine(Assert.Single(Directory.GetDirectories(cache)), "Contract10.dll")));
        Assert.Equal(0, await host.TerminateAsync());
    }

    [ConfinedFact]
    public async Task AnUnknownUserWithATemporaryFolderHasAPrivateCacheThere()
    {
        Write();
        using var host = StartConfined("mount -t tmpfs -o mode=1777 tmpfs $DATA; mkdir -m 1777 $DATA/run", "TMPDIR=$DATA/run");
        await host.WriteAndReadAsync("file");
        Assert.Contains("Plugins are copied to ", host.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(" WRN Plugins", host.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(" WRN Other users could change", host.Output, StringComparison.Ordinal);
        Assert.Equal(0, await host.TerminateAsync());
    }

    [Fact]
    public async Task APluginThatRunsFromItsFolderIsNotSwappedAndGoesOn()
    {
        var plugin = new PluginFolder(_folder["plugs/mine"], "mine");
        _folder.Write("my.json", """
            {"plugins": ["plugs"], "service": {"port": 0}, "services": [
              {"name": "file", "module": "items_service", "config": {"db_type": "mine", "db_name": "file.db"}}]}
            """);
        // No folder can be made there, not even by root.
        using var host = Start(new() { ["XDG_CACHE_HOME"] = "/proc/none", ["HOME"] = "/proc/none", ["TMPDIR"] = "/proc/none" });
        await host.LineAsync("Plugins are loaded from their own folders and cannot be swapped while the host runs");
        await host.WriteAndReadAsync("file");

        // Another file in the place of the manifest; the loaded ones stay as they are.
        var manifest = await File.ReadAllTextAsync(plugin.Manifest);
        File.Delete(plugin.Manifest);
        await File.WriteAllTextAsync(plugin.Manifest, manifest.Replace("\"1.0.0\"", "\"1.0.1\"", StringComparison.Ordinal));
        await host.LineAsync(
            $"the plugin folder {plugin.FullName} has changed, but the host runs this plugin from there and cannot swap it. " +
            "Restart the host, or let CACHE_DIRECTORY name a folder for copies");
        await host.WriteAndReadAsync("file");
        Assert.Equal(0, await host.TerminateAsync());
    }

    [Fact]
    public async Task AReportCardWithoutATemporaryFolderSaysSo()
    {
        using var card = HostProcess.Start(_folder.FullName, ["plugin", "test", "."], environment: new() { ["TMPDIR"] = "/proc/none/" });
        Assert.Equal(2, await card.ExitAsync());
        Assert.Equal(
            ["the storages of the test need a temporary folder, and /proc/none/ cannot be written to; let TMPDIR name another one"],
            card.Lines);
    }

    [Fact]
    public async Task TheFirstFolderOfCacheDirectoryTakesTheCopies()
    {
        WriteMemory();
        Directory.CreateDirectory(_folder["unit"]);
        using var host = Start(new()
        {
            ["CACHE_DIRECTORY"] = $"{_folder["unit"]}:{_folder["other"]}",
            ["XDG_CACHE_HOME"] = _folder["xdg"],
        });
        await host.UriAsync();
        Assert.Matches("^[0-9a-f]{64}$", Path.GetFileName(Assert.Single(Directory.GetDirectories(_folder["unit/plugins"]))));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(_folder["unit/plugins"]));
        Assert.False(Directory.Exists(_folder["other"]) || Directory.Exists(_folder["xdg"]));
    }

    [Fact]
    public async Task ACacheThatOthersMayWriteToIsNotUsed()
    {
        WriteMemory();
        Directory.CreateDirectory(_folder["xdg/sharedstate/plugins"]);
        Directory.CreateDirectory(_folder["tmp"]);
        File.SetUnixFileMode(_folder["xdg/sharedstate/plugins"], (UnixFileMode)Convert.ToInt32("777", 8));
        using var host = Start(new() { ["XDG_CACHE_HOME"] = _folder["xdg"], ["HOME"] = "/", ["TMPDIR"] = _folder["tmp"] });
        Assert.EndsWith(
            $": {_folder["xdg/sharedstate/plugins"]} is writable for other users",
            await host.LineAsync(" WRN Other users could change the copies of plugins, so these go to "),
            StringComparison.Ordinal);
        await host.UriAsync();
        Assert.Empty(Directory.GetFileSystemEntries(_folder["xdg/sharedstate/plugins"]));
    }

    [ConfinedFact]
    public async Task ACacheOfAnotherUserIsNotUsed()
    {
        WriteMemory();
        Directory.CreateDirectory(_folder["xdg/sharedstate/plugins"]);
        Directory.CreateDirectory(_folder["tmp"]);
        using (var chown = Process.Start("chown", [ConfinedFactAttribute.User, _folder["xdg/sharedstate/plugins"]]))
            await chown.WaitForExitAsync();
        using var host = Start(new() { ["XDG_CACHE_HOME"] = _folder["xdg"], ["HOME"] = "/", ["TMPDIR"] = _folder["tmp"] });
        Assert.EndsWith(
            $"{_folder["xdg/sharedstate/plugins"]} belongs to another user",
            await host.LineAsync(" WRN Other users could change the copies of plugins, so these go to "),
            StringComparison.Ordinal);
    }

    /// <summary>The owner of a folder may rename what is in it, also in a sticky one.</summary>
    [ConfinedFact]
    public async Task ACacheInAFolderOfAnotherUserIsNotUsed()
    {
        WriteMemory();
        Directory.CreateDirectory(_folder["xdg/sharedstate"]);
        Directory.CreateDirectory(_folder["tmp"]);
        using (var chown = Process.Start("chown", [ConfinedFactAttribute.User, _folder["xdg/sharedstate"]])) await chown.WaitForExitAsync();
        using var host = Start(new() { ["XDG_CACHE_HOME"] = _folder["xdg"], ["HOME"] = "/", ["TMPDIR"] = _folder["tmp"] });
        Assert.EndsWith(
            $"{_folder["xdg/sharedstate/plugins"]} is in {_folder["xdg/sharedstate"]}, which belongs to another user",
            await host.LineAsync(" WRN Other users could change the copies of plugins, so these go to "),
            StringComparison.Ordinal);
        await host.UriAsync();
        Assert.Empty(Directory.GetFileSystemEntries(_folder["xdg/sharedstate/plugins"]));
    }

    [ConfinedFact]
    public async Task TheCheckNamesAFileOfADatabaseThatItsUserMayNotWrite()
    {
        _folder.Write("my.json", """
            {"service": {"port": 0}, "services": [
              {"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "data/items.db"}}]}
            """);
        foreach (var (files, refused) in new[]
        {
            ("touch $DATA/items.db; chown $USER $DATA/items.db", null),
            ("touch $DATA/items.db; chmod 644 $DATA/items.db", "items.db"),                                  // of another user
            ("touch $DATA/items.db; chown $USER $DATA/items.db; chmod 444 $DATA/items.db", "items.db"),      // read-only
            ("touch $DATA/items.db; chown $USER $DATA/items.db; touch $DATA/items.db-wal", "items.db-wal"),  // the log of another user
        })
        {
            var prepare = $"rm -rf $DATA/*; USER={ConfinedFactAttribute.User}; chown $USER $DATA; {files}";
            using var check = StartConfined(prepare, "", "--check");
            Assert.Equal(refused is null ? 0 : 1, await check.ExitAsync());
            var said = refused is null ? "ok: Items.Sqlite"
                : $"does not run: {_folder[$"data/{refused}"]} can't be read and written: give this program's user the right to";
            await check.LineAsync($"  items  {said}");
        }
    }

    private HostProcess Start(Dictionary<string, string> environment) =>
        HostProcess.Start(_folder.FullName, ["my.json"], environment: environment);

    /// <summary>
    /// Starts the host in a namespace of its own, as a user without a name or home, with no environment but the given one.
    /// </summary>
    private HostProcess StartConfined(string mounts, string environment, string option = "")
    {
        Directory.CreateDirectory(_folder["data"]);
        var root = Environment.GetEnvironmentVariable("DOTNET_ROOT") is { } dotnet ? $"DOTNET_ROOT={dotnet}" : "";
        var script = $"""
            set -e
            DATA={_folder["data"]}
            chmod 755 {_folder.FullName}
            mount --make-rprivate /
            {mounts}
            cd {_folder.FullName}
            USER={ConfinedFactAttribute.User}
            exec env -i PATH="$PATH" {root} {environment} setpriv --reuid $USER --regid $USER --clear-groups {HostProcess.Program} my.json {option}
            """;
        return HostProcess.Start(_folder.FullName, ["-m", "bash", "-c", script], program: "unshare");
    }

    private void Write()
    {
        Directory.CreateDirectory(_folder["plugs/Contract10"]);
        foreach (var file in Directory.GetFiles(Repository.At("tests", "TestPlugins", "Contract10", "plugin")))
            File.Copy(file, _folder[$"plugs/Contract10/{Path.GetFileName(file)}"]);
        _folder.Write("my.json", """
            {"plugins": ["plugs"], "service": {"port": 0}, "services": [
              {"name": "file", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "data/file.db"}},
              {"name": "managed", "module": "items_service", "config": {"db_type": "kept"}}]}
            """);
    }

    private void WriteMemory()
    {
        _folder.CopyPlugin("Memory", "plugs/Memory");
        _folder.Write("my.json", """
            {"plugins": ["plugs"], "service": {"port": 0}, "services": [
              {"name": "memory", "module": "items_service", "config": {"db_type": "memory"}}]}
            """);
    }
}
