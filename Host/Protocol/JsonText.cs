using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace SharedState.Host.Protocol;

/// <summary>Reads JSON strings that must be text.</summary>
internal static class JsonText
{
    /// <summary>The string that the reader stands on; false if it is none, or holds a lone surrogate, which no UTF-8 can.</summary>
    public static bool TryRead(ref Utf8JsonReader reader, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (reader.TokenType != JsonTokenType.String) return false;
        try
        {
            text = reader.GetString()!;
            return true;
        }
        catch (InvalidOperationException) // an escaped lone surrogate
        {
            return false;
        }
    }
}
