using System.Text.Json.Nodes;
using SharedState.Host.Plugins;

namespace SharedState.Host.Tests.Plugins;

/// <summary>A manifest is read before its plugin is trusted: it names no file and no variable, and harms no list.</summary>
public sealed class ManifestTests : IDisposable
{
    private const string Secret = "hush-hush";
    private const string Plain = ": a manifest takes plain values only, no {\"file\": ..} and no {\"env\": ..}; write the value itself";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("name")]
    [InlineData("version")]
    [InlineData("assembly")]
    [InlineData("modules[0]")]
    [InlineData("db_types[0]")]
    [InlineData("config.db_name.type")]
    [InlineData("config.db_name.description")]
    [InlineData("config.db_name.default")]
    [InlineData("config.db_name.required")]
    [InlineData("config.mode.one_of[0]")]
    [InlineData("config.wait_ms.minimum")]
    public void AValueOfAManifestIsNotReadFromElsewhere(string place)
    {
        var secret = _folder.Write("secret.txt", Secret);
        foreach (var reference in new[] { $$"""{"file": "{{secret}}"}""", """{"env": "PATH"}""" })
        {
            var folder = WriteManifest($"plug{reference.Length}", manifest => Put(manifest, place, reference));
            Assert.Null(PluginManifest.Read(folder, out var mistakes));
            Assert.Contains(mistakes, mistake => mistake.ToString().EndsWith($" {place}{Plain}", StringComparison.Ordinal));
            Assert.DoesNotContain(mistakes, mistake => mistake.Sentence.Contains(Secret, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task TheListOfPluginsPublishesNoFileAndNoVariable()
    {
        _folder.Write("secret.txt", Secret);
        WriteManifest("plugs/file", manifest => manifest["version"] = JsonNode.Parse("""{"file": "../../secret.txt"}"""));
        WriteManifest(
            "plugs/env", manifest => Put(manifest, "config.db_name.description", """{"env": "SHAREDSTATE_TEST_SECRET"}"""));
        WriteConfiguration();
        using var list = HostProcess.Start(
            _folder.FullName, ["--plugins", "--json", "my.json"], environment: new() { ["SHAREDSTATE_TEST_SECRET"] = Secret });
        Assert.Equal(1, await list.ExitAsync());
        Assert.DoesNotContain(Secret, list.Output, StringComparison.Ordinal);
        Assert.Equal(2, list.Lines.Count(line => line.Contains("a manifest takes plain values only", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task APluginWhoseKeysAreAllIgnoredIsListed()
    {
        WriteManifest("plugs/ignoring", manifest => Put(manifest, "config", """{"db_host": {"type": "string", "ignored": true}}"""));
        WriteConfiguration();
        using var list = HostProcess.Start(_folder.FullName, ["--plugins", "my.json"]);
        Assert.Equal(0, await list.ExitAsync());
        Assert.Contains("ok        TestPlugins.Memory 1.0.0", list.Lines);
        Assert.Contains("          config    no keys", list.Lines);
        Assert.Contains("          ignored   db_host", list.Lines);
    }

    private string WriteManifest(string name, Action<JsonNode> change)
    {
        var folder = _folder.CopyPlugin("Memory", name);
        var file = Path.Combine(folder, "plugin.json");
        var manifest = JsonNode.Parse(File.ReadAllText(file))!;
        change(manifest);
        File.WriteAllText(file, manifest.ToJsonString());
        return folder;
    }

    private void WriteConfiguration() => _folder.Write("my.json", """
        {"plugins": ["plugs"], "services": [{"name": "s", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "s.db"}}]}
        """);

    private static void Put(JsonNode manifest, string place, string reference)
    {
        var steps = place.Split('.');
        var node = steps[..^1].Aggregate(manifest, (inner, step) => inner[step]!);
        if (steps[^1].EndsWith("[0]", StringComparison.Ordinal)) node[steps[^1][..^3]] = new JsonArray(JsonNode.Parse(reference));
        else node[steps[^1]] = JsonNode.Parse(reference);
    }
}
