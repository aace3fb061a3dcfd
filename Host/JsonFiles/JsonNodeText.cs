using System.Text.Json;

namespace SharedState.Host.JsonFiles;

/// <summary>The JSON text of a value in a file.</summary>
internal static class JsonNodeText
{
    /// <summary>The text in UTF-8.</summary>
    /// <param name="node">The value.</param>
    /// <param name="file">Resolves references in the value; null if an object that looks like a reference is an object.</param>
    public static byte[] Of(JsonNode node, JsonFile? file = null)
    {
        using var text = new MemoryStream();
        using (var writer = new Utf8JsonWriter(text)) Write(writer, node, file);
        return text.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, JsonNode node, JsonFile? file)
    {
        switch (node.Kind)
        {
            case JsonValueKind.Object when file is not null && JsonFile.IsReference(node):
                writer.WriteStringValue(file.Resolve(node)?.Text);
                break;
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var field in node.Fields)
                {
                    writer.WritePropertyName(field.Name);
                    Write(writer, field.Value, file);
                }
                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in node.Items) Write(writer, item, file);
                writer.WriteEndArray();
                break;
            case JsonValueKind.String:
                writer.WriteStringValue(node.Text);
                break;
            default:
                writer.WriteRawValue(node.Kind == JsonValueKind.Null ? "null" : node.Text);
                break;
        }
    }
}
