using System.Text.RegularExpressions;

namespace SharedState.Host.Tests.Admin;

/// <summary>The metrics of a plugin's own meter are among those of the host.</summary>
public sealed partial class PluginMetricsTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly HttpClient _client = new();

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task AMeterThatIsNamedAsTheDocsSayIsExportedAndNoOther()
    {
        var plugin = _folder.CopyPlugin("Memory");
        const string Config = """{"module": "items_service", "config": {"db_type": "memory"}""";
        _folder.Write(
            "my.json",
            $$$"""
            {"service": {"port": 0, "admin": {"port": 0}}, "plugins": ["{{{plugin}}}"],
             "services": [{{{Config}}}, "name": "one"}, {{{Config}}}, "name": "two"}]}
            """);
        using var host = HostProcess.Start(_folder.FullName, ["my.json"]);
        await host.UriAsync();
        var text = await _client.GetStringAsync(new Uri(await host.AdminUriAsync(), "metrics"));
        Assert.True(OpeningsPattern().Match(text).Groups[1].Value == "2", text);
        Assert.Contains("# HELP testplugins_openings_total Opened services.", text, StringComparison.Ordinal);
        Assert.DoesNotContain("testplugins_private", text, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^testplugins_openings_total(?:\{[^}]*\})? ([0-9]+)", RegexOptions.Multiline)]
    private static partial Regex OpeningsPattern();
}
