using System.Globalization;
using System.Text.Json;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Plugins;

/// <summary>A key of a service's <c>config</c>, as a manifest describes it.</summary>
internal sealed record ConfigKey
{
    private static readonly Dictionary<string, string> Types = new()
    {
        ["string"] = "a string",
        ["integer"] = "a whole number",
        ["boolean"] = "true or false",
        ["path"] = "a path, as a string",
    };

    /// <summary>The key; a key in a nested object contains dots: <c>ssl.ca</c>.</summary>
    public required string Name { get; init; }

    public required string Type { get; init; }

    public bool Required { get; init; }

    /// <summary>The value for a configuration without this key, as text; null: none.</summary>
    public string? Default { get; init; }

    /// <summary>The allowed values; empty: any value.</summary>
    public IReadOnlyList<string> OneOf { get; init; } = [];

    /// <summary>The smallest allowed number; null: no bound.</summary>
    public long? Minimum { get; init; }

    public long? Maximum { get; init; }

    /// <summary>
    /// Whether the plugin accepts the key with any value and does not use it, because other plugins of the module have it.
    /// </summary>
    public bool Ignored { get; init; }

    /// <summary>A description for people; null if the manifest has none.</summary>
    public string? Description { get; init; }

    public static ConfigKey Read(JsonFile file, string name, JsonNode node)
    {
        var fields = new JsonFields(file, node);
        var type = fields.Choice("type", [.. Types.Keys]);
        if (type is null && node.Kind == JsonValueKind.Object && fields.Take("type") is null) file.Add(node, "\"type\" is missing");
        var standard = fields.Take("default") is { Kind: not JsonValueKind.Null } value ? file.Resolve(value) : null;
        var key = new ConfigKey
        {
            Name = name,
            Type = type ?? "string",
            Required = fields.Boolean("required") ?? false,
            Default = standard?.Text,
            OneOf = [.. fields.TextList("one_of").Select(choice => choice.Text)],
            Minimum = fields.Number("minimum", long.MinValue, long.MaxValue),
            Maximum = fields.Number("maximum", long.MinValue, long.MaxValue),
            Ignored = fields.Boolean("ignored") ?? false,
            Description = fields.Text("description"),
        };
        if (key.OneOf.Count > 0 && type is not "string") file.Add(fields.Take("one_of")!, "is for \"type\": \"string\" only");
        foreach (var bound in new[] { "minimum", "maximum" })
        {
            if (fields.Take(bound) is { Kind: not JsonValueKind.Null } wrong && type is not "integer")
                file.Add(wrong, "is for \"type\": \"integer\" only");
        }
        if (key.Minimum > key.Maximum) file.Add(fields.Take("minimum")!, "is more than \"maximum\"");
        if (key.Required && standard is not null)
            file.Add(standard, "a key that is required needs no default, since its value is always there; leave one of them out");
        if (standard is not null && !key.Accepts(standard))
            file.Add(standard, $"must be {key.Wanted}, as this key's other fields say, not {key.Shown(standard)}");
        fields.End();
        return key;
    }

    /// <summary>The allowed values, for a sentence.</summary>
    public string Wanted => this switch
    {
        { OneOf: [_, ..] } => string.Join(" or ", OneOf.Select(choice => $"\"{choice}\"")),
        { Minimum: { } least, Maximum: { } most } => $"a whole number from {least} to {most}",
        { Minimum: { } least } => $"a whole number, {least} or more",
        { Maximum: { } most } => $"a whole number, {most} or less",
        _ => Types[Type],
    };

    public bool Accepts(JsonNode value) => Ignored || Type switch
    {
        "integer" => (value.Referred || value.Kind == JsonValueKind.Number)
            && long.TryParse(value.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && !(number < Minimum) && !(number > Maximum),
        "boolean" => value.Text is "true" or "false" && (value.Referred || value.Kind is JsonValueKind.True or JsonValueKind.False),
        _ => value.Kind == JsonValueKind.String && (OneOf.Count == 0 || OneOf.Contains(value.Text)),
    };

    /// <summary>A wrong value, for a sentence: the value itself if that helps and cannot be a secret.</summary>
    public string Shown(JsonNode value) =>
        value.Referred ? "what it refers to"
        : value.Kind == JsonValueKind.Number && Type == "integer" ? value.Text
        : value.Kind == JsonValueKind.String && OneOf.Count > 0 ? $"\"{value.Text}\""
        : value.Description;
}
