using System.Text;
using System.Text.Json;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Access;

/// <summary>An element of <c>access.tokens</c>.</summary>
/// <param name="Name">The claim <c>iss</c> of the issuer's tokens.</param>
/// <param name="Audience">The claim <c>aud</c> that the tokens must contain; null for any.</param>
/// <param name="Keys">The keys in the configuration, or in a file that the configuration names; null if the issuer publishes
/// them.</param>
/// <param name="Url">The address at which the issuer publishes its keys; null if it does not.</param>
internal sealed record IssuerConfig(string Name, string? Audience, IReadOnlyList<IssuerKey>? Keys, Uri? Url)
{
    /// <summary>The least length of a secret: that of the hash of HS256 (RFC 7518, 3.2).</summary>
    private const int LeastSecretBytes = 32;

    /// <summary>Reads an element; null after a mistake.</summary>
    public static IssuerConfig? Read(JsonFile file, JsonNode node)
    {
        var fields = new JsonFields(file, node);
        var (name, audience) = (fields.RequiredText("issuer"), fields.Text("audience"));
        var (secret, path, url) = (Given(fields, "secret"), Given(fields, "keys"), Given(fields, "jwks"));
        var keys = secret is null ? path is null ? null : ReadKeys(file, fields, path) : ReadSecret(file, fields, secret);
        var address = url is null ? null : ReadUrl(file, fields, url);
        fields.End();
        var count = new[] { secret, path, url }.Count(given => given is not null);
        if (fields.Node is { Kind: JsonValueKind.Object } && count != 1)
            file.Add(node, "needs one of \"secret\", \"keys\" (a file) and \"jwks\" (a URL), with which its tokens are checked");
        return name is null || count != 1 || (keys is null && address is null) ? null : new(name, audience, keys, address);
    }

    private static JsonNode? Given(JsonFields fields, string name) =>
        fields.Take(name) is { Kind: not JsonValueKind.Null } node ? node : null;

    private static IssuerKey[]? ReadSecret(JsonFile file, JsonFields fields, JsonNode node)
    {
        if (fields.Text("secret") is not { } secret) return null;
        var bytes = Encoding.UTF8.GetBytes(secret);
        if (bytes.Length >= LeastSecretBytes) return [IssuerKey.OfSecret(bytes)];
        file.Add(
            node, $"has {bytes.Length} bytes, and must have at least {LeastSecretBytes}; make one with openssl rand -base64 48, and let "
                + "{\"env\": \"NAME\"} or {\"file\": \"NAME\"} stand here for its variable or its file");
        return null;
    }

    private static IReadOnlyList<IssuerKey>? ReadKeys(JsonFile file, JsonFields fields, JsonNode node)
    {
        if (fields.Text("keys") is not { } path) return null;
        if (KeyFile.Read(file.Absolute(path), out var why) is { } keys) return keys;
        file.Add(node, $"no public keys are in {path}: {why}");
        return null;
    }

    private static Uri? ReadUrl(JsonFile file, JsonFields fields, JsonNode node)
    {
        if (fields.Text("jwks") is not { } text) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.UserInfo.Length == 0
            && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))) return url;
        file.Add(node, "must be the https:// address of a JSON Web Key Set; http:// is enough on this computer only");
        return null;
    }
}
