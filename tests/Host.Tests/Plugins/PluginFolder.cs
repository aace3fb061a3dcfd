using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using SharedState.Host.Plugins;

namespace SharedState.Host.Tests.Plugins;

/// <summary>A copy of a plugin that comes with the host, for a <c>db_type</c> of its own. A test makes other versions of it.</summary>
public sealed class PluginFolder
{
    private static readonly string Standard = Path.Combine(AppContext.BaseDirectory, "plugins");

    private readonly string _dbType;

    /// <param name="fullName">The folder to make.</param>
    /// <param name="dbType">The <c>db_type</c> that the copy claims.</param>
    /// <param name="plugin">The plugin that is copied.</param>
    /// <param name="version">The version of the copy; another version has another hash.</param>
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

    /// <summary>The native library of SQLite for this computer.</summary>
    public string Library => Path.Combine(FullName, "runtimes", RuntimeInformation.RuntimeIdentifier, "native", "libe_sqlite3.so");

    /// <summary>Changes the version and nothing else: writes the manifest in place.</summary>
    public void SetVersion(string version) => Change(manifest => manifest["version"] = version);

    /// <summary>Changes the manifest, in place.</summary>
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
