using System.Diagnostics;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Configuration;

/// <summary>The output of <c>dotnet publish Host</c> is a complete installation.</summary>
public sealed class PublishTests : IDisposable
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task APublishedHostRunsFromAnyFolderAndKeepsItsConfigurationWhenPublishedAgain()
    {
        await PublishAsync();
        Assert.True(File.Exists(_folder["host/plugins.json"]));

        _folder.CopyPlugin("Memory", "host/plugins/Memory");
        _folder.Write("host/plugins.json", """
            // the operator's own
            {"service": {"port": 0}, "services": [{"name": "items", "module": "items_service", "config": {"db_type": "memory"}}]}
            """);
        File.SetLastWriteTimeUtc(_folder["host/plugins.json"], DateTime.UnixEpoch);
        await PublishAsync();

        Directory.CreateDirectory(_folder["elsewhere"]);
        using var host = HostProcess.Start(_folder["elsewhere"], [], program: _folder["host/sharedstate"]);
        Assert.Contains(_folder["host/plugins.json"], await host.LineAsync("listens on"), StringComparison.Ordinal);
        await host.LineAsync("Service items: TestPlugins.Memory 1.0.0, memory");
        Assert.Equal(0, await host.TerminateAsync());
        Assert.Empty(Directory.GetFileSystemEntries(_folder["elsewhere"]));
    }

    [Fact]
    public async Task APublishedHostServesItsPageTheClientAndItsPlugin()
    {
        await PublishAsync();
        Assert.True(File.Exists(_folder["host/plugins/Items.Sqlite/plugin.json"]));
        _folder.Write("my.json", """
            {"service": {"port": 0}, "services": [{"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "items.db"}}]}
            """);
        using var host = HostProcess.Start(_folder.FullName, ["my.json"], program: _folder["host/sharedstate"]);
        using var client = new HttpClient { BaseAddress = await host.UriAsync() };
        Assert.Contains("<html", await client.GetStringAsync("/"), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("SharedStateClient", await client.GetStringAsync("/libs/sharedstate.es.js"), StringComparison.Ordinal);
        await host.WriteAndReadAsync("items");
        Assert.Equal(0, await host.TerminateAsync());
        Assert.True(File.Exists(_folder["items.db"]));
    }

    private async Task PublishAsync()
    {
        using var publish = Process.Start(
            new ProcessStartInfo("dotnet", ["publish", Repository.At("Host"), "--no-build", "-c", Configuration, "-o", _folder["host"]])
            {
                RedirectStandardOutput = true,
            }
        )!;
        var output = await publish.StandardOutput.ReadToEndAsync();
        await publish.WaitForExitAsync();
        Assert.True(publish.ExitCode == 0, output);
    }
}
