using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;
using SharedState.Host.Tests.Plugins;
using Xunit.Abstractions;

namespace SharedState.Host.Tests.Changes;

/// <summary>One version of a plugin after the other, under load. <c>SHAREDSTATE_SWAPS</c> says how many.</summary>
public sealed class SwapStormTests(ITestOutputHelper log) : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ManySwapsInARowLoseNothingResetNoSubscriberAndAreCounted()
    {
        var swaps = Setting.Number("SHAREDSTATE_SWAPS", 20);
        var plugin = new PluginFolder(_folder["plugs/own"], "own", version: "1.0.0");
        _folder.Write(ChangingHost.File, $$$"""
            {"service": {"port": 0, "admin": {"port": 0}, "limits": {"watch_seconds": 0.1}}, "plugins": ["plugs"],
             "services": [{{{ChangingHost.Service("a", "a.db", type: "own")}}}, {{{ChangingHost.Service("b", "b.db")}}}]}
            """);
        using var host = await ChangingHost.StartAsync(_folder);
        await using var swapped = await Traffic.StartAsync(host.Process, "/app/a/chnl");
        await using var beside = await Traffic.StartAsync(host.Process, "/app/b/chnl");
        long before = 0;
        for (var swap = 1; swap <= swaps; swap++)
        {
            plugin.SetVersion($"1.0.{swap}");
            await host.Process.LineAsync($"Plugin Items.Sqlite 1.0.{swap - 1} -> 1.0.{swap} (");
            await swapped.GoOnAsync();
            await beside.GoOnAsync();
            if (swap == 1) before = host.Process.ResidentBytes; // the first swap compiles code that the others use
        }
        log.WriteLine($"{swapped.Written} updates while {swaps} versions came, {beside.Written} beside; "
            + $"the process kept {(host.Process.ResidentBytes - before) / 1048576.0 / Math.Max(1, swaps - 1):F1} MiB a swap");
        Assert.Equal(0, await swapped.EndAsync());
        Assert.Equal(0, await beside.EndAsync());

        using var client = new HttpClient();
        var list = JsonNode.Parse(await client.GetStringAsync(new Uri(await host.Process.AdminUriAsync(), "plugins")))![
            "plugins"
        ]!.AsArray();
        var counted = list.Single(entry => (string?)entry!["folder"] == plugin.FullName)!;
        Assert.Equal(swaps, (int)counted["swaps"]!);
        Assert.True((long)counted["bytes_left"]! > 0);
    }
}
