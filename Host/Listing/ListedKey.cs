using System.Globalization;
using System.Text.Json.Serialization;
using SharedState.Host.Plugins;

namespace SharedState.Host.Listing;

/// <summary>A key of the <c>config</c> of a plugin's services, in the form of the JSON list.</summary>
internal sealed record ListedKey(
    string Key, string Type, bool Required, object? Default, IReadOnlyList<string> OneOf, long? Minimum, long? Maximum, bool Ignored,
    string? Description)
{
    public ListedKey(ConfigKey key) : this(
        key.Name, key.Type, key.Required, Typed(key), key.OneOf, key.Minimum, key.Maximum, key.Ignored, key.Description)
    {
    }

    /// <summary>The allowed values in few words: <c>integer 5-500</c>.</summary>
    [JsonIgnore]
    public string Range => this switch
    {
        { OneOf: [_, ..] } => string.Join("|", OneOf),
        { Minimum: { } least, Maximum: { } most } => $"{Type} {least}-{most}",
        { Minimum: { } least } => $"{Type} from {least}",
        { Maximum: { } most } => $"{Type} to {most}",
        _ => Type,
    };

    private static object? Typed(ConfigKey key) => (key.Type, key.Default) switch
    {
        (_, null) => null,
        ("integer", var text) => long.Parse(text, CultureInfo.InvariantCulture),
        ("boolean", var text) => text == "true",
        (_, var text) => text,
    };
}
