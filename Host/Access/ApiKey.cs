using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Access;

/// <summary>An API key for a program. The configuration has only its hash.</summary>
/// <param name="Hash">The SHA-256 of the whole key, in lower-case hex.</param>
/// <param name="Identity">The identity of a client that sends the key.</param>
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
        var text = claims.Node is { Kind: JsonValueKind.Object } given ? JsonNodeText.Of(given, file) : "{}"u8.ToArray();
        return new(hash, new(name, text, null) { Source = hash });
    }
}
