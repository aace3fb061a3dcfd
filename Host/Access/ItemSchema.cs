using System.Text.Json;
using Json.Schema;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Access;

/// <summary>An element of <c>access.schemas</c>: a JSON Schema (2020-12) that the items at some paths must satisfy.</summary>
/// <param name="Path">The paths.</param>
/// <param name="Schema">The schema.</param>
/// <param name="Text">The text of the schema's file.</param>
internal sealed record ItemSchema(PathPattern Path, JsonSchema Schema, string Text)
{
    private const int MostBytes = 1 << 20;

    private static readonly EvaluationOptions Options = new() { OutputFormat = OutputFormat.List };

    /// <summary>Reads an element; null after a mistake.</summary>
    public static ItemSchema? Read(JsonFile file, JsonNode node)
    {
        var fields = new JsonFields(file, node);
        var (path, name) = (RuleReader.ReadPath(file, fields), fields.RequiredText("schema"));
        fields.End();
        if (path is null || name is null) return null;
        try
        {
            var text = System.Text.Encoding.UTF8.GetString(SmallFile.Read(file.Absolute(name), MostBytes));
            // A registry of its own: two files may have the same $id, and a file that changes keeps its $id.
            var schema = JsonSchema.FromText(text, new BuildOptions { SchemaRegistry = new() });
            return new(path, schema, text);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            file.Add(fields.Take("schema")!, $"{name} is no JSON Schema: {JsonFile.Reason(e)}");
            return null;
        }
    }

    /// <summary>The first mistake in an item, with its place; null if the item satisfies the schema.</summary>
    public string? Check(ReadOnlyMemory<byte> item)
    {
        using var document = JsonDocument.Parse(item, new() { MaxDepth = int.MaxValue });
        var results = Schema.Evaluate(document.RootElement, Options);
        if (results.IsValid) return null;
        foreach (var detail in results.Details ?? [])
        {
            if (detail.Errors is not { Count: > 0 } errors) continue;
            var place = detail.InstanceLocation.ToString();
            return $"{(place.Length == 0 ? "the item itself" : place)}: {errors.First().Value}";
        }
        return "the item itself: it does not satisfy the schema";
    }
}
