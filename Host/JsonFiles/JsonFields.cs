using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace SharedState.Host.JsonFiles;

/// <summary>
/// Reads an object field by field. A wrong value becomes a mistake of the file and counts as absent, so that reading continues and finds
/// the other mistakes. The known fields are those that were read: <see cref="End"/> reports all others.
/// </summary>
internal sealed class JsonFields
{
    private readonly JsonFile _file;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    /// <param name="file">Receives the mistakes.</param>
    /// <param name="node">The object. Null counts as an object without fields; any other kind is a mistake.</param>
    public JsonFields(JsonFile file, JsonNode? node)
    {
        _file = file;
        Node = node;
        if (node is not null && node.Kind != JsonValueKind.Object) file.Add(node, $"must be an object, not {node.Description}");
    }

    public JsonNode? Node { get; }

    /// <summary>The value of a field, with references unresolved; null if the field is absent.</summary>
    public JsonNode? Take(string name)
    {
        _known.Add(name);
        return Node?.Fields.LastOrDefault(field => field.Name == name)?.Value;
    }

    public string? Text(string name) => Scalar(name, JsonValueKind.String, "a string")?.Text;

    public string? RequiredText(string name)
    {
        if (Take(name) is not (null or { Kind: JsonValueKind.Null })) return Text(name);
        // A misspelled field is one mistake, which End reports.
        var others = Node?.Fields.Select(field => field.Name).Where(other => !_known.Contains(other)) ?? [];
        var isMisspelled = others.Any(other => Spelling.Nearest(other, [name]) is not null);
        if (Node is { Kind: JsonValueKind.Object } && !isMisspelled) _file.Add(Node, $"\"{name}\" is missing");
        return null;
    }

    public bool? Boolean(string name) => Scalar(name, JsonValueKind.True, "true or false") switch
    {
        null => null,
        { Text: "true" } => true,
        { Text: "false" } => false,
        var node => Mistake<bool?>(node, "true or false"),
    };

    /// <summary>A number; a whole number unless <typeparamref name="T"/> has fractions.</summary>
    public T? Number<T>(string name, T minimum, T maximum) where T : struct, INumber<T>
    {
        var isWhole = T.One / (T.One + T.One) == T.Zero;
        var wanted = string.Create(CultureInfo.InvariantCulture, $"a {(isWhole ? "whole " : "")}number from {minimum} to {maximum}");
        if (Scalar(name, JsonValueKind.Number, wanted) is not { } node) return null;
        var isNumber = T.TryParse(node.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number);
        return isNumber && number >= minimum && number <= maximum ? number : Mistake<T?>(node, wanted);
    }

    public string? Choice(string name, params string[] choices)
    {
        var wanted = string.Join(" or ", choices.Select(choice => $"\"{choice}\""));
        if (Scalar(name, JsonValueKind.String, wanted) is not { } node) return null;
        return choices.Contains(node.Text) ? node.Text : Mistake<string?>(node, wanted, $"\"{node.Text}\"");
    }

    /// <summary>The fields of a field that is an object; no fields if it is absent.</summary>
    public JsonFields Object(string name) => new(_file, Take(name) is { Kind: not JsonValueKind.Null } node ? node : null);

    /// <summary>The elements of a list; none if the field is absent.</summary>
    public IReadOnlyList<JsonNode> List(string name)
    {
        if (Take(name) is not { Kind: not JsonValueKind.Null } node) return [];
        if (node.Kind != JsonValueKind.Array) _file.Add(node, $"must be a list, not {node.Description}");
        return node.Items;
    }

    /// <summary>The elements of a list of strings.</summary>
    public IReadOnlyList<JsonNode> TextList(string name)
    {
        var texts = new List<JsonNode>();
        foreach (var item in List(name))
        {
            if (_file.Resolve(item) is not { } node) continue;
            if (node.Kind == JsonValueKind.String) texts.Add(node);
            else _file.Add(node, $"must be a string, not {node.Description}");
        }
        return texts;
    }

    /// <summary>Reports the fields that were not read.</summary>
    public void End()
    {
        foreach (var field in Node?.Fields ?? [])
        {
            if (!_known.Contains(field.Name))
                _file.Add(field.Place, field.Value.Path, $"unknown field; {Spelling.Hint(field.Name, _known)}");
        }
    }

    private JsonNode? Scalar(string name, JsonValueKind kind, string wanted)
    {
        if (Take(name) is not { Kind: not JsonValueKind.Null } written || _file.Resolve(written) is not { } node) return null;
        var isWanted = node.Referred || node.Kind == kind || (kind == JsonValueKind.True && node.Kind == JsonValueKind.False);
        return isWanted ? node : Mistake<JsonNode?>(node, wanted);
    }

    private T? Mistake<T>(JsonNode node, string wanted, string? shown = null)
    {
        // The sentence shows numbers and words outside their range, unless they may be secrets.
        shown ??= node.Kind == JsonValueKind.Number ? node.Text : node.Description;
        _file.Add(node, $"must be {wanted}, not {(node.Referred ? "what it refers to" : shown)}");
        return default;
    }
}
