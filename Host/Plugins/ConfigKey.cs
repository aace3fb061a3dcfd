using System.Globalization;
using System.Text.Json;
using SharedState.Host.Configuration;

namespace SharedState.Host.Plugins;

/// <summary>What a manifest says about one key of a service's <c>config</c>.</summary>
internal sealed record ConfigKey(string Name, string Type, bool Required, string? Default, bool Ignored)
{
    public static ConfigKey Read(JsonFile file, string name, JsonNode node)
    {
        var fields = new JsonFields(file, node);
        var type = fields.Choice("type", "string", "integer", "boolean", "path");
        if (type is null && node.Kind == JsonValueKind.Object && fields.Take("type") is null) file.Add(node, "\"type\" is missing");
        var standard = fields.Take("default") is { Kind: not JsonValueKind.Null } value ? value : null;
        var (required, ignored) = (fields.Boolean("required") ?? false, fields.Boolean("ignored") ?? false);
        var key = new ConfigKey(name, type ?? "string", required, standard?.Text, ignored);
        if (standard is not null && !key.Accepts(standard))
            file.Add(standard, $"must be {key.Wanted}, as \"type\" says, not {standard.Description}");
        fields.Text("description");
        fields.End();
        return key;
    }

    /// <summary>What a value must be, for a sentence.</summary>
    public string Wanted => Type switch
    {
        "integer" => "a whole number",
        "boolean" => "true or false",
        "path" => "a path, as a string",
        _ => "a string",
    };

    public bool Accepts(JsonNode value) => Ignored || Type switch
    {
        "integer" => (value.Referred || value.Kind == JsonValueKind.Number)
            && long.TryParse(value.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        "boolean" => value.Text is "true" or "false" && (value.Referred || value.Kind is JsonValueKind.True or JsonValueKind.False),
        _ => value.Kind == JsonValueKind.String,
    };
}
