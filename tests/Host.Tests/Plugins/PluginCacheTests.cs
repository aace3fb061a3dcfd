using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SharedState.Host.Plugins;

namespace SharedState.Host.Tests.Plugins;

/// <summary>Plugins are loaded from copies that nobody changes.</summary>
public sealed class PluginCacheTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheSameContentIsCopiedOnce()
    {
        var cache = new PluginCache(_folder["cache"]);
        var one = cache.Copy(_folder.CopyPlugin("Memory", "one"));
        var two = cache.Copy(_folder.CopyPlugin("Memory", "two"));
        Assert.Equal(one, two);
        Assert.Matches("^[0-9a-f]{64}$", Path.GetFileName(Assert.Single(Directory.GetDirectories(_folder["cache"]))));
    }

    [Fact]
    public void AChangedPluginGetsACopyOfItsOwnAndTheOldOneStays()
    {
        var cache = new PluginCache(_folder["cache"]);
        var folder = _folder.CopyPlugin("Memory");
        var before = cache.Copy(folder);
        File.AppendAllText(Path.Combine(folder, "plugin.json"), "\n");
        Assert.NotEqual(before, cache.Copy(folder));
        Assert.True(File.Exists(Path.Combine(before.Folder, "TestPlugins.Memory.dll")));
    }

    [Fact]
    public void ADamagedCopyIsReplaced()
    {
        var folder = _folder.CopyPlugin("Memory");
        var copy = new PluginCache(_folder["cache"]).Copy(folder);
        var assembly = Path.Combine(copy.Folder, "TestPlugins.Memory.dll");
        File.WriteAllText(assembly, "");
        Assert.Equal(copy, new PluginCache(_folder["cache"]).Copy(folder));
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "TestPlugins.Memory.dll")), File.ReadAllBytes(assembly));
    }

    [Fact]
    public void LibrariesOfOtherPlatformsAreNotCopied()
    {
        var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        var processor = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        var (otherSystem, otherProcessor) = (system == "win" ? "linux" : "win", processor == "x64" ? "arm64" : "x64");
        string[] own = [$"{system}-{processor}", system, "unix", $"debian.12-{processor}", "whatever"];
        string[] foreign = [$"{system}-{otherProcessor}", "android-arm64", $"ios-{processor}", "browser-wasm", otherSystem];
        var folder = _folder.CopyPlugin("Memory");
        foreach (var runtime in own.Concat(foreign)) Directory.CreateDirectory(Path.Combine(folder, "runtimes", runtime, "native"));
        foreach (var runtime in own.Concat(foreign)) File.WriteAllText(Path.Combine(folder, "runtimes", runtime, "native", "library"), "");
        var copy = new PluginCache(_folder["cache"]).Copy(folder);
        Assert.Equal(own.Order(), Directory.GetDirectories(Path.Combine(copy.Folder, "runtimes")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task AHostWithoutACacheFolderLeavesNoCopyBehind()
    {
        WriteConfiguration();
        using var host = StartWithoutCache();
        await host.UriAsync();
        Assert.Single(PrivateCaches());
        Assert.Equal(0, await host.TerminateAsync());
        Assert.Empty(PrivateCaches());
    }

    [Fact]
    public async Task TheCopiesOfAKilledHostAreDeletedByTheNextAndThoseOfALivingOneAreNot()
    {
        WriteConfiguration();
        using var living = StartWithoutCache();
        await living.UriAsync();
        var used = Assert.Single(PrivateCaches());
        using (var killed = StartWithoutCache())
        {
            await killed.UriAsync();
            await killed.KillAsync();
        }
        Assert.Equal(2, PrivateCaches().Length);
        using var next = StartWithoutCache();
        await next.UriAsync();
        Assert.Equal(2, PrivateCaches().Length);
        Assert.Contains(used, PrivateCaches());
        await next.TerminateAsync();
        Assert.Equal([used], PrivateCaches());
    }

    [Fact]
    public void TheLastCopiesStayAndOlderOnesAreDeleted()
    {
        var entries = Enumerable.Range(0, PluginCache.MostUnused + 3).Select(age => AddUnused(TimeSpan.FromMinutes(age))).ToArray();
        var old = AddUnused(TimeSpan.FromDays(8));
        new PluginCache(_folder["cache"]).Clean();
        Assert.All(entries[..PluginCache.MostUnused], entry => Assert.True(Directory.Exists(entry)));
        Assert.All(
            entries[PluginCache.MostUnused..].Append(old),
            entry => Assert.False(Directory.Exists(entry) || File.Exists(entry + ".lock")));
    }

    [Fact]
    public void AnOldCopyIsDeletedAlsoIfThereAreFewAndAUsedOneIsNot()
    {
        var cache = new PluginCache(_folder["cache"]);
        var used = cache.Copy(_folder.CopyPlugin("Memory")).Folder;
        var unused = AddUnused(TimeSpan.FromDays(8));
        File.SetLastWriteTimeUtc(used + ".lock", DateTime.UtcNow.AddDays(-8));

        var other = new PluginCache(_folder["cache"]);
        other.Clean();
        Assert.True(Directory.Exists(used));
        Assert.False(Directory.Exists(unused));

        cache.Release(cache.Copy(_folder["Memory"]));
        File.SetLastWriteTimeUtc(used + ".lock", DateTime.UtcNow.AddDays(-8));
        other.Clean();
        Assert.False(Directory.Exists(used));
    }

    [Fact]
    public void UnfinishedCopiesOfDeadProcessesAreDeletedAndThoseOfLivingOnesAreNot()
    {
        var living = new PluginCache(_folder["cache"]).Copy(_folder.CopyPlugin("Memory"));
        var dead = AddUnused(TimeSpan.Zero);
        string[] names = [$".new-{living.Hash}-1", $".new-{Path.GetFileName(dead)}-1", ".new-of-an-older-version"];
        string[] halves = [.. names.Select(name => Path.Combine(_folder["cache"], name))];
        foreach (var half in halves) Directory.CreateDirectory(half);
        Directory.SetLastWriteTimeUtc(halves[2], DateTime.UtcNow.AddDays(-8));
        new PluginCache(_folder["cache"]).Clean();
        Assert.Equal([true, false, false], halves.Select(Directory.Exists));
    }

    [Fact]
    public async Task AHostsCopyStaysUntilTheHostIsKilled()
    {
        WriteConfiguration();
        using var host = HostProcess.Start(_folder.FullName, ["my.json"], environment: new() { ["XDG_CACHE_HOME"] = _folder["xdg"] });
        await host.UriAsync();
        var root = _folder["xdg/sharedstate/plugins"];
        var used = Assert.Single(Directory.GetDirectories(root));
        File.SetLastWriteTimeUtc(used + ".lock", DateTime.UtcNow.AddDays(-8));
        new PluginCache(root).Clean();
        Assert.True(Directory.Exists(used));
        await host.KillAsync();
        new PluginCache(root).Clean();
        Assert.False(Directory.Exists(used));
    }

    /// <summary>Each round finds its copy whole while it uses it, although others delete what they find unused.</summary>
    [Fact]
    public async Task HostsThatShareACacheNeverDeleteWhatAnotherOneUses()
    {
        for (var plugin = 0; plugin < 12; plugin++) _folder.Write($"plugs/{plugin}/plugin.json", $"{plugin}");
        var seed = Random.Shared.Next();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(host => Task.Run(() =>
        {
            var random = new Random(seed + host);
            for (var round = 0; round < 60; round++)
            {
                var cache = new PluginCache(_folder["cache"]);
                var plugin = random.Next(12);
                var copy = cache.Copy(_folder[$"plugs/{plugin}"]);
                // Old at once, so that every other one would delete it.
                File.SetLastWriteTimeUtc(copy.Folder + ".lock", DateTime.UtcNow.AddDays(-8));
                cache.Clean();
                var file = Path.Combine(copy.Folder, "plugin.json");
                Assert.True(File.Exists(file) && File.ReadAllText(file) == $"{plugin}", $"seed {seed}, host {host}, round {round}");
                cache.Release(copy);
            }
        })));
    }

    [Fact]
    public async Task AReportCardCleansTheCache()
    {
        var plugin = _folder.CopyPlugin("Memory");
        var root = _folder["xdg/sharedstate/plugins"];
        var entries = Enumerable.Range(0, PluginCache.MostUnused + 5).Select(age => AddUnused(TimeSpan.FromMinutes(age), root)).ToArray();
        string[] arguments = ["plugin", "test", plugin, "--only", "opens an empty storage"];
        using var card = HostProcess.Start(_folder.FullName, arguments, environment: new() { ["XDG_CACHE_HOME"] = _folder["xdg"] });
        await card.ExitAsync();
        Assert.Equal(PluginCache.MostUnused + 1, Directory.GetDirectories(root).Length);
        Assert.False(Directory.Exists(entries[^1]));
    }

    private string AddUnused(TimeSpan age, string? root = null)
    {
        var entry = Path.Combine(root ?? _folder["cache"], Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));
        Directory.CreateDirectory(entry);
        File.WriteAllText(entry + ".lock", "");
        File.SetLastWriteTimeUtc(entry + ".lock", DateTime.UtcNow - age);
        return entry;
    }

    private void WriteConfiguration() => _folder.Write("my.json", """
        {"service": {"port": 0}, "services": [
          {"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": ":memory:"}}]}
        """);

    /// <summary>Starts a host that finds no cache folder: in /proc nobody, not even root, makes folders.</summary>
    private HostProcess StartWithoutCache()
    {
        Directory.CreateDirectory(_folder["tmp"]);
        return HostProcess.Start(_folder.FullName, ["my.json"], environment: new()
        {
            ["XDG_CACHE_HOME"] = "/proc/none",
            ["HOME"] = "/proc/none",
            ["TMPDIR"] = _folder["tmp"],
        });
    }

    private string[] PrivateCaches() => Directory.GetDirectories(_folder["tmp"], "sharedstate-plugins-*");
}
