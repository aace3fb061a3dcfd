using System.Text.Json;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Configuration;

/// <summary>One value of a service's <c>config</c>. Keys of nested objects are joined with dots.</summary>
/// <param name="Key">The key, such as <c>ssl.ca</c>.</param>
/// <param name="Place">The place of the key.</param>
/// <param name="Node">The resolved value; its kind is <see cref="JsonValueKind.Null"/> for null.</param>
internal sealed record ConfigEntry(string Key, Place Place, JsonNode Node)
{
    public bool HasValue => Node.Kind != JsonValueKind.Null;

    public static IReadOnlyList<ConfigEntry> ReadAll(JsonFile file, JsonFields config)
    {
        var entries = new List<ConfigEntry>();
        if (config.Node is not null) Read(file, config.Node, "", entries);
        return entries;
    }

    private static void Read(JsonFile file, JsonNode node, string prefix, List<ConfigEntry> entries)
    {
        foreach (var field in node.Fields)
        {
            var key = prefix + field.Name;
            if (field.Value.Kind == JsonValueKind.Object && !JsonFile.IsReference(field.Value)) Read(file, field.Value, $"{key}.", entries);
            else if (field.Value.Kind == JsonValueKind.Array) file.Add(field.Value, "a service's configuration holds no lists");
            else if (entries.Exists(entry => entry.Key == key)) ReportTwice(file, node, field, key);
            else if (file.Resolve(field.Value) is { } value) entries.Add(new(key, field.Place, value));
        }
    }

    private static void ReportTwice(JsonFile file, JsonNode node, JsonField field, string key)
    {
        // A duplicate within one object was reported when the file was read; this one is {"ssl.ca": .., "ssl": {"ca": ..}}.
        if (node.Fields.Count(other => other.Name == field.Name) == 1)
            file.Add(field.Place, field.Value.Path, $"\"{key}\" stands here a second time");
    }
}
