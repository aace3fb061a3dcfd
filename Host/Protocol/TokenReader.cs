using System.Text.Json;
using SharedState.Host.Collections;
using SharedState.Host.Json;

namespace SharedState.Host.Protocol;

/// <summary>Reads the argument of a PUT on <c>/auth</c>.</summary>
internal static class TokenReader
{
    private const string Shape = "the \"arg\" of a PUT on /auth is an object with \"token\", a string, or null for none";

    /// <summary>Reads the object that the reader is at: its token, or null for none.</summary>
    public static string? Read(ref Utf8JsonReader reader, Limits limits, ref Error? error)
    {
        string? token = null;
        var isToken = false;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            error ??= Error.BadRequest(Shape);
            return null;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isName = JsonText.Is(ref reader, "token"u8);
            if (isName) RawJson.Enter(ref reader, ref isToken, "token", ref error);
            if (!isName) RawJson.Skip(ref reader, limits.EnvelopeDepth, ref error);
            else if (reader.TokenType != JsonTokenType.Null && !JsonText.TryRead(ref reader, out token)) error ??= Error.BadRequest(Shape);
            if (error is not null) return null;
        }
        if (!isToken) error = Error.BadRequest(Shape);
        return token;
    }
}
