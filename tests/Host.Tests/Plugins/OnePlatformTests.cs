using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Plugins;

/// <summary>
/// A plugin's folder for one platform, as <c>dotnet publish -r linux-x64</c> makes it: the native library is beside the assembly, and
/// <c>deps.json</c> lists no other platform.
/// </summary>
public sealed class OnePlatformTests : IDisposable
{
    private const string Library = "libe_sqlite3.so";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AFolderForThePlatformOfTheHostIsEnough()
    {
        var plugin = Publish(RuntimeInformation.RuntimeIdentifier);
        Assert.False(Directory.Exists(Path.Combine(plugin.FullName, "runtimes")));
        using var host = HostProcess.Start(_folder.FullName, ["my.json"]);
        await host.WriteAndReadAsync("items");
        Assert.DoesNotContain(" ERR ", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFolderForAnotherPlatformIsReportedInOneLineThatNamesTheLibrary()
    {
        var other = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "linux-arm64" : "linux-x64";
        Publish(other);
        using var host = HostProcess.Start(_folder.FullName, ["my.json"]);
        Assert.NotEqual(0, await host.ExitAsync());
        var line = Assert.Single(host.Lines, line => line.Contains("ERR", StringComparison.Ordinal));
        Assert.Contains(Library, line, StringComparison.Ordinal);
        Assert.DoesNotContain(host.Lines, line => line.StartsWith(' '));
    }

    /// <summary>Makes a folder for one platform of the SQLite plugin, and a configuration with a service on it.</summary>
    private PluginFolder Publish(string platform)
    {
        var plugin = new PluginFolder(_folder["plugs/one"], "one");
        File.Copy(
            Path.Combine(AppContext.BaseDirectory, "plugins", "Items.Sqlite", "runtimes", platform, "native", Library),
            Path.Combine(plugin.FullName, Library));
        Directory.Delete(Path.Combine(plugin.FullName, "runtimes"), recursive: true);
        var path = Path.ChangeExtension(plugin.Assembly, ".deps.json");
        var deps = JsonNode.Parse(File.ReadAllText(path))!;
        foreach (var (_, target) in deps["targets"]!.AsObject())
        {
            foreach (var (_, library) in target!.AsObject())
            {
                if (!library!.AsObject().Remove("runtimeTargets", out var all) || all is null) continue;
                var native = all.AsObject().Single(asset => asset.Key.StartsWith($"runtimes/{platform}/", StringComparison.Ordinal));
                library["native"] = new JsonObject { [native.Key] = new JsonObject { ["fileVersion"] = "0.0.0.0" } };
            }
        }
        File.WriteAllText(path, deps.ToJsonString());
        _folder.Write(
            "my.json",
            """
            {"service": {"port": 0}, "plugins": ["plugs/one"],
             "services": [{"name": "items", "module": "items_service", "config": {"db_type": "one", "db_name": "items.db"}}]}
            """);
        return plugin;
    }
}
