using System.Text.Json;

namespace SharedState.Host.JsonFiles;

/// <summary>A JSON value with its place in the file.</summary>
internal sealed class JsonNode(JsonValueKind kind, Place place, TreePath path)
{
    public JsonValueKind Kind { get; } = kind;

    public Place Place { get; } = place;

    /// <summary>The place in the tree: <c>services[0].config.db_type</c>; empty for the root.</summary>
    public string Path => path.ToString();

    /// <summary>A string's content, a number as written, <c>true</c> or <c>false</c>; empty for the other kinds.</summary>
    public string Text { get; init; } = "";

    /// <summary>The elements of a list.</summary>
    public IReadOnlyList<JsonNode> Items { get; init; } = [];

    /// <summary>The fields of an object in the order of the file. A duplicate name is contained twice, and was reported.</summary>
    public IReadOnlyList<JsonField> Fields { get; init; } = [];

    /// <summary>
    /// Whether the text came from the environment or from another file. Such a text may be a secret, and may stand for a value of any type.
    /// </summary>
    public bool Referred { get; init; }

    /// <summary>The node in the place of this one, a reference, with the text that it refers to.</summary>
    public JsonNode Resolved(string text) => new(JsonValueKind.String, Place, path) { Text = text, Referred = true };

    /// <summary>The kind, for a sentence: <c>a string</c>.</summary>
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

/// <summary>One field of an object, with the place of its name.</summary>
internal sealed record JsonField(string Name, Place Place, JsonNode Value);
