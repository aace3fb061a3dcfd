using System.Text.Json;

namespace SharedState.Host.Configuration;

/// <summary>A JSON value that knows where it stands.</summary>
internal sealed class JsonNode(JsonValueKind kind, Place place, string path)
{
    public JsonValueKind Kind { get; } = kind;

    public Place Place { get; } = place;

    /// <summary>Where in the tree: <c>services[0].config.db_type</c>; empty for the root.</summary>
    public string Path { get; } = path;

    /// <summary>A string's content, a number as written, <c>true</c> or <c>false</c>; empty for the other kinds.</summary>
    public string Text { get; init; } = "";

    /// <summary>A list's elements.</summary>
    public IReadOnlyList<JsonNode> Items { get; init; } = [];

    /// <summary>An object's fields in the file's order. A name that stands twice is here twice, and was reported.</summary>
    public IReadOnlyList<JsonField> Fields { get; init; } = [];

    /// <summary>
    /// Whether the text came from the environment or another file: it may be a secret, and is converted to whatever type is wanted.
    /// </summary>
    public bool Referred { get; init; }

    /// <summary>What this is, for a sentence: <c>a string</c>.</summary>
    public string Description => Kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        _ => "null",
    };
}

/// <summary>One field of an object; the place is its name's.</summary>
internal sealed record JsonField(string Name, Place Place, JsonNode Value);
