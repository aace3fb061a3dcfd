using System.Text.Json;
using System.Text.Json.Nodes;
using SharedState.Host.Plugins;

namespace SharedState.Host.Tests.Plugins;

/// <summary>A plugin that comes with the host, in a folder of its own and for a <c>db_type</c> of its own, of which a test makes other versions.</summary>
public sealed class PluginFolder
{
    private static readonly string Standard = Path.Combine(AppContext.BaseDirectory, "plugins");

    private readonly string _dbType;

    /// <param name="fullName">Where it is made.</param>
    /// <param name="dbType">What it is for.</param>
    /// <param name="plugin">Which one it is.</param>
    /// <param name="version">Its version, and so the hash of its content.</param>
    public PluginFolder(string fullName, string dbType, string plugin = "Items.Sqlite", string version = "1.0.0")
    {
        (FullName, _dbType) = (fullName, dbType);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Standard, plugin), "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(Path.Combine(Standard, plugin), file);
            // Libraries of other platforms are 50 MB, and the host does not look at them.
            if (name.Split(Path.DirectorySeparatorChar) is ["runtimes", var platform, ..] && Platform.IsForeign(platform)) continue;
            var copy = Path.Combine(fullName, name);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        SetVersion(version);
    }

    public string FullName { get; private set; }

    public string Manifest => Path.Combine(FullName, "plugin.json");

    public string Assembly => Path.Combine(FullName, (string)Read()["assembly"]!);

    /// <summary>Makes it another version, which differs in nothing else: writes its manifest in place.</summary>
    public void SetVersion(string version) => Change(manifest => manifest["version"] = version);

    /// <summary>Changes its manifest, in place.</summary>
    public void Change(Action<JsonNode> change)
    {
        var manifest = Read();
        manifest["db_types"] = new JsonArray(_dbType);
        change(manifest);
        File.WriteAllText(Manifest, manifest.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
    }

    public void MoveTo(string fullName)
    {
        Directory.Move(FullName, fullName);
        FullName = fullName;
    }

    private JsonNode Read() => JsonNode.Parse(File.ReadAllText(Manifest))!;
}
