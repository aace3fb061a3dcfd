using System.Text.Json;
using SharedState.Host.Collections;
using SharedState.Host.Json;

namespace SharedState.Host.Protocol;

/// <summary>The requested part of a listing.</summary>
/// <param name="Most">The maximum number of names.</param>
/// <param name="After">The name that comes before the first one; null for the beginning.</param>
internal sealed record ListingPage(int Most, string? After)
{
    // A page is made for one client, while the whole listing is shared.
    private const int Longest = 10_000;

    /// <summary>Reads the argument of a listing, which the reader stands on. Null where it asks for all names.</summary>
    public static ListingPage? Read(ref Utf8JsonReader reader, Limits limits, ref Error? error)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            RawJson.Skip(ref reader, limits.EnvelopeDepth, ref error);
            return null;
        }
        var (most, after) = (Longest, (string?)null);
        bool sawLimit = false, sawAfter = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (JsonText.Is(ref reader, "limit"u8))
            {
                RawJson.Enter(ref reader, ref sawLimit, "limit", ref error);
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out most) || most is < 1 or > Longest)
                    error ??= Error.BadRequest($"\"limit\" is a whole number of names, from 1 to {Longest}");
            }
            else if (JsonText.Is(ref reader, "after"u8))
            {
                RawJson.Enter(ref reader, ref sawAfter, "after", ref error);
                if (!JsonText.TryRead(ref reader, out after)) error ??= Error.BadRequest("\"after\" is a string, without lone surrogates");
            }
            else
            {
                reader.Read();
            }
            RawJson.Skip(ref reader, limits.EnvelopeDepth, ref error);
        }
        return sawLimit || sawAfter ? new(most, after) : null;
    }
}
