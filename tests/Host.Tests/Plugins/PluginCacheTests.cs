using System.Runtime.InteropServices;
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
        Assert.True(File.Exists(Path.Combine(before, "TestPlugins.Memory.dll")));
    }

    [Fact]
    public void ADamagedCopyIsReplaced()
    {
        var folder = _folder.CopyPlugin("Memory");
        var copy = new PluginCache(_folder["cache"]).Copy(folder);
        var assembly = Path.Combine(copy, "TestPlugins.Memory.dll");
        File.WriteAllText(assembly, "");
        Assert.Equal(copy, new PluginCache(_folder["cache"]).Copy(folder));
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "TestPlugins.Memory.dll")), File.ReadAllBytes(assembly));
    }

    [Fact]
    public void LibrariesOfOtherPlatformsAreNotCopied()
    {
        var (system, processor) = (OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux", RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant());
        string[] own = [$"{system}-{processor}", system, "unix", $"debian.12-{processor}", "whatever"];
        string[] foreign = [$"{system}-{(processor == "x64" ? "arm64" : "x64")}", "android-arm64", $"ios-{processor}", "browser-wasm", system == "win" ? "linux" : "win"];
        var folder = _folder.CopyPlugin("Memory");
        foreach (var runtime in own.Concat(foreign)) Directory.CreateDirectory(Path.Combine(folder, "runtimes", runtime, "native"));
        foreach (var runtime in own.Concat(foreign)) File.WriteAllText(Path.Combine(folder, "runtimes", runtime, "native", "library"), "");
        var copy = new PluginCache(_folder["cache"]).Copy(folder);
        Assert.Equal(own.Order(), Directory.GetDirectories(Path.Combine(copy, "runtimes")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task AHostWithoutACacheFolderLeavesNoCopyBehind()
    {
        _folder.Write("my.json", """{"service": {"port": 0}, "services": [{"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": ":memory:"}}]}""");
        Directory.CreateDirectory(_folder["tmp"]);
        // Where nobody, not even root, makes folders.
        using var host = HostProcess.Start(_folder.FullName, ["my.json"], environment: new() { ["XDG_CACHE_HOME"] = "/proc/none", ["TMPDIR"] = _folder["tmp"] });
        await host.UriAsync();
        Assert.Single(Directory.GetDirectories(_folder["tmp"], "sharedstate-plugins-*"));
        Assert.Equal(0, await host.TerminateAsync());
        Assert.Empty(Directory.GetDirectories(_folder["tmp"], "sharedstate-plugins-*"));
    }

    [Fact]
    public void OnlyOldCopiesThatNoHostUsesAreDeleted()
    {
        var used = new PluginCache(_folder["cache"]).Copy(_folder.CopyPlugin("Memory"));
        var unused = _folder["cache/0123"];
        Directory.CreateDirectory(unused);
        _folder.Write("cache/0123.lock", "");
        var recent = _folder["cache/4567"];
        Directory.CreateDirectory(recent);
        _folder.Write("cache/4567.lock", "");
        foreach (var entry in new[] { used, unused }) File.SetLastWriteTimeUtc(entry + ".lock", DateTime.UtcNow.AddDays(-8));

        new PluginCache(_folder["cache"]).Clean();

        Assert.True(Directory.Exists(used));
        Assert.True(Directory.Exists(recent));
        Assert.False(Directory.Exists(unused));
    }
}
