using System.Runtime.CompilerServices;
using System.Text.Json;

namespace SharedState.Host.Access;

/// <summary>The user and the claims of a client, by a token or an API key. Immutable.</summary>
/// <param name="User">The claim <c>sub</c>, or the name of the API key; null for an anonymous client, and for a token without a
/// <c>sub</c>.</param>
/// <param name="Claims">All claims, the text of a JSON object.</param>
/// <param name="Expires">The end, in seconds since 1970, as the token says it; null for none.</param>
internal sealed record Identity(string? User, ReadOnlyMemory<byte> Claims, long? Expires)
{
    /// <summary>Nobody in particular.</summary>
    public static readonly Identity Anonymous = new(null, "{}"u8.ToArray(), null);

    /// <summary>The time by which the clocks of the issuer and of the host may differ.</summary>
    public static readonly TimeSpan Leeway = TimeSpan.FromSeconds(30);

    // The claims, their copy when they are parsed, and 12 bytes for each value and name, which have at least two characters.
    private const int BytesOfClaim = 8;

    private StrongBox<JsonElement>? _parsed; // at the first use; two threads may make equal ones

    public bool IsAnonymous => ReferenceEquals(this, Anonymous);

    /// <summary>The memory that a connection holds for the claims of its token. Those of API keys are the configuration's.</summary>
    public long Bytes => Issuer is null ? 0 : (long)BytesOfClaim * Claims.Length;

    /// <summary>The issuer of the token; null for an API key.</summary>
    public TokenIssuer? Issuer { get; init; }

    /// <summary>The <see cref="IssuerKey.Source"/> of the key that signed the token, or the hash of the API key.</summary>
    public string Source { get; init; } = "";

    /// <summary>All claims, an object.</summary>
    public JsonElement ClaimsJson
    {
        get
        {
            if (Volatile.Read(ref _parsed) is not { } parsed) Volatile.Write(ref _parsed, parsed = new(JsonElement.Parse(Claims.Span)));
            return parsed.Value;
        }
    }

    /// <summary>The data of the reply to GET and PUT of <c>/auth</c>.</summary>
    public byte[] ToJson()
    {
        using var text = new MemoryStream();
        using (var writer = new Utf8JsonWriter(text))
        {
            writer.WriteStartObject();
            writer.WriteString("user", User);
            writer.WritePropertyName("claims");
            writer.WriteRawValue(Claims.Span, skipInputValidation: true);
            if (Expires is { } expires) writer.WriteNumber("expires", expires);
            else writer.WriteNull("expires");
            writer.WriteEndObject();
        }
        return text.ToArray();
    }

    /// <summary>The first moment at which the identity is not valid any more.</summary>
    public DateTimeOffset End => Expires is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) + Leeway : DateTimeOffset.MaxValue;
}
