using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Access;

/// <summary>An API key for a program. The configuration has only its hash.</summary>
/// <param name="Hash">The SHA-256 of the whole key, in lower-case hex.</param>
/// <param name="Identity">Who has the key.</param>
internal sealed record ApiKey(string Hash, Identity Identity)
{
    /// <summary>How every API key begins, which tells it from a token.</summary>
    public const string Prefix = "ssk_";

    /// <summary>The hash of a key that a client sent.</summary>
    public static string HashOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    /// <summary>Reads an element of <c>access.keys</c>; null after a mistake.</summary>
    public static ApiKey? Read(JsonFile file, JsonNode node)
    {
        var fields = new JsonFields(file, node);
        var (name, hash, claims) = (fields.RequiredText("name"), fields.RequiredText("sha256"), fields.Object("claims"));
        fields.End();
        if (hash is not null && (hash.Length != 2 * SHA256.HashSizeInBytes || !hash.All(char.IsAsciiHexDigit)))
        {
            file.Add(fields.Take("sha256")!, "must be the SHA-256 of the whole key, 64 hex digits, as printf %s KEY | sha256sum prints it");
            hash = null;
        }
        if (name is "")
        {
            file.Add(fields.Take("name")!, "must not be empty: it is the name of the user");
            name = null;
        }
        if (name is null || hash is null) return null;
        hash = hash.ToLowerInvariant();
        return new(hash, new(name, Text(file, claims.Node), null) { Source = hash });
    }

    private static byte[] Text(JsonFile file, JsonNode? claims)
    {
        using var text = new MemoryStream();
        using (var writer = new Utf8JsonWriter(text))
        {
            if (claims is { Kind: JsonValueKind.Object }) Write(file, writer, claims);
            else writer.WriteRawValue("{}");
        }
        return text.ToArray();
    }

    private static void Write(JsonFile file, Utf8JsonWriter writer, JsonNode node)
    {
        switch (node.Kind)
        {
            case JsonValueKind.Object when JsonFile.IsReference(node):
                writer.WriteStringValue(file.Resolve(node)?.Text);
                break;
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var field in node.Fields)
                {
                    writer.WritePropertyName(field.Name);
                    Write(file, writer, field.Value);
                }
                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in node.Items) Write(file, writer, item);
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
