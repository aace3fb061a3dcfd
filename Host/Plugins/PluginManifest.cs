using System.Text.Json;
using System.Text.RegularExpressions;
using SharedState.Host.Configuration;

namespace SharedState.Host.Plugins;

/// <summary>A plugin folder's <c>plugin.json</c>: what the plugin is, and which services it is for.</summary>
internal sealed partial class PluginManifest
{
    public const string FileName = "plugin.json";

    private PluginManifest(string folder) => Folder = folder;

    /// <summary>The plugin's folder, absolute.</summary>
    public string Folder { get; }

    public required string Name { get; init; }

    public required string Version { get; init; }

    /// <summary>The file in the folder that holds the plugin's service.</summary>
    public required string Assembly { get; init; }

    public required IReadOnlyList<string> Modules { get; init; }

    /// <summary>The storages that the plugin is for; none: whatever no other plugin of the module is for.</summary>
    public required IReadOnlyList<string> DbTypes { get; init; }

    /// <summary>
    /// The keys that a service's <c>config</c> may have, beside <c>db_type</c>; null: the plugin does not say, and checks for
    /// itself.
    /// </summary>
    public required IReadOnlyList<ConfigKey>? Config { get; init; }

    /// <summary>Name and version, for a log.</summary>
    public string Title => $"{Name} {Version}";

    /// <summary>What the plugin offers and where it is, for a sentence.</summary>
    public string Offer => $"{Title} ({(DbTypes.Count == 0 ? "any db_type" : $"db_type {string.Join(", ", DbTypes)}")}) in {Folder}";

    /// <summary>Reads a folder's manifest; null, with mistakes, if it cannot be used.</summary>
    public static PluginManifest? Read(string folder, out IReadOnlyList<Mistake> mistakes)
    {
        var path = Path.Combine(folder, FileName);
        if (PluginFiles.FindManifestFault(path) is { } fault)
        {
            mistakes = [new(path, null, "", fault)];
            return null;
        }
        var file = JsonFile.Read(path);
        var fields = new JsonFields(file, file.Root);
        var manifest = new PluginManifest(folder)
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
        if (file.Root is { Kind: JsonValueKind.Object } root && fields.Take("modules") is null or { Kind: JsonValueKind.Array, Items.Count: 0 })
            file.Add(fields.Take("modules") ?? root, "\"modules\" must name what the plugin serves, like [\"items_service\"]");

        mistakes = [.. file.Mistakes];
        return mistakes.Count == 0 ? manifest : null;
    }

    /// <summary>Checks a service's <c>config</c>; what is wrong goes to the mistakes of the file in which it stands.</summary>
    public void Check(ServiceConfig service)
    {
        if (Config is null) return;
        foreach (var entry in service.Entries)
        {
            if (entry.Key == "db_type") continue;
            if (Config.FirstOrDefault(key => key.Name == entry.Key) is not { } known)
                service.AddUnknown(entry, $"unknown key for {Title}; {Spelling.Hint(entry.Key, [.. Config.Select(key => key.Name)])}");
            else if (entry.HasValue && !known.Accepts(entry.Node))
                service.Add(entry.Key, $"must be {known.Wanted}, not {known.Shown(entry.Node)}");
        }
        foreach (var key in Config)
        {
            if (key.Required && service[key.Name] is null) service.Add(null, $"{Title} needs \"{key.Name}\" in \"config\"");
        }
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
