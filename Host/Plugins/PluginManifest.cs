using System.Text.Json;
using System.Text.RegularExpressions;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Plugins;

/// <summary>The <c>plugin.json</c> of a plugin folder: the plugin's identity, and the services that it is for.</summary>
internal sealed partial class PluginManifest
{
    public const string FileName = "plugin.json";

    private PluginManifest(string folder, string contentHash) => (Folder, ContentHash) = (folder, contentHash);

    /// <summary>The plugin's folder, absolute.</summary>
    public string Folder { get; }

    /// <summary>SHA-256 of the manifest itself, by which the manifest of a copy is recognised as this one.</summary>
    public string ContentHash { get; }

    public required string Name { get; init; }

    public required string Version { get; init; }

    /// <summary>The file in the folder that holds the plugin's service.</summary>
    public required string Assembly { get; init; }

    public required IReadOnlyList<string> Modules { get; init; }

    /// <summary>The storages of the plugin; empty: all db_types that no other plugin of the module claims.</summary>
    public required IReadOnlyList<string> DbTypes { get; init; }

    /// <summary>
    /// The keys that a service's <c>config</c> may have, besides <c>db_type</c>; null: the manifest does not list them, and the plugin
    /// checks the keys itself.
    /// </summary>
    public required IReadOnlyList<ConfigKey>? Config { get; init; }

    /// <summary>Name and version, for a log.</summary>
    public string Title => $"{Name} {Version}";

    /// <summary>The plugin's storages and its folder, for a sentence.</summary>
    public string Offer => $"{Title} ({(DbTypes.Count == 0 ? "any db_type" : $"db_type {string.Join(", ", DbTypes)}")}) in {Folder}";

    /// <summary>Reads the manifest of a folder; null, with mistakes, if it cannot be used.</summary>
    public static PluginManifest? Read(string folder, out IReadOnlyList<Mistake> mistakes)
    {
        var path = Path.Combine(folder, FileName);
        if (PluginFiles.FindManifestFault(path) is { } fault)
        {
            mistakes = [new(path, null, "", fault)];
            return null;
        }
        var file = JsonFile.ReadPlain(path, PluginFiles.ManifestBytes);
        var fields = new JsonFields(file, file.Root);
        var manifest = new PluginManifest(folder, file.ContentHash)
        {
            Name = fields.RequiredText("name") ?? "",
            Version = fields.RequiredText("version") ?? "",
            Assembly = fields.RequiredText("assembly") ?? "",
            Modules = ReadNames(file, fields, "modules"),
            DbTypes = ReadNames(file, fields, "db_types"),
            Config = fields.Object("config").Node?.Fields.Select(field => ConfigKey.Read(file, field.Name, field.Value)).ToArray(),
        };
        fields.End();
        if (manifest.Assembly.AsSpan().IndexOfAny('/', '\\') >= 0 || manifest.Assembly is "." or "..")
            file.Add(fields.Take("assembly")!, "must be the bare name of a file in the plugin's folder");
        var modules = fields.Take("modules");
        if (file.Root is { Kind: JsonValueKind.Object } root && modules is null or { Kind: JsonValueKind.Array, Items.Count: 0 })
            file.Add(modules ?? root, "\"modules\" must list the modules that the plugin serves, like [\"items_service\"]");

        mistakes = [.. file.Mistakes];
        return mistakes.Count == 0 ? manifest : null;
    }

    private static string[] ReadNames(JsonFile file, JsonFields fields, string field)
    {
        var names = fields.TextList(field);
        foreach (var name in names)
        {
            if (!NamePattern().IsMatch(name.Text))
                file.Add(name, "must be 1-64 lower-case letters, digits and underscores, starting with a letter");
        }
        return [.. names.Select(name => name.Text)];
    }

    [GeneratedRegex(@"\A[a-z][a-z0-9_]{0,63}\z")]
    private static partial Regex NamePattern();
}
