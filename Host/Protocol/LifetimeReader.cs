using System.Text;
using System.Text.Json;
using SharedState.Host.Collections;
using SharedState.Host.Json;

namespace SharedState.Host.Protocol;

/// <summary>Reads the fields <c>ttl</c> and <c>ephemeral</c> of an update.</summary>
internal struct LifetimeReader
{
    private const double LeastTtl = 0.1, MostTtl = 31_536_000, MostGrace = 120;
    private const int LeastHolderBytes = 16, MostHolderBytes = 64;

    private TimeSpan? _ttl;
    private Lifetime? _ephemeral;
    private bool _sawTtl, _sawEphemeral;

    /// <summary>The lifetime; null if there is none, or an error.</summary>
    public readonly Lifetime? Result(ref Error? error)
    {
        if (_ttl is null) return _ephemeral;
        if (_ephemeral is null) return new(_ttl);
        error ??= Error.BadRequest("an update has \"ttl\" or \"ephemeral\", not both");
        return null;
    }

    /// <summary>Reads the time that the reader stands before.</summary>
    public void ReadTtl(ref Utf8JsonReader reader, ref Error? error)
    {
        RawJson.Enter(ref reader, ref _sawTtl, "ttl", ref error);
        if (reader.TokenType == JsonTokenType.Null) return;
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var ttl) && ttl is >= LeastTtl and <= MostTtl)
            _ttl = TimeSpan.FromSeconds(ttl);
        else
            error ??= Error.BadRequest("ttl: a number of seconds from 0.1 to 31536000");
    }

    /// <summary>Reads <c>true</c>, or the holder, that the reader stands before.</summary>
    public void ReadEphemeral(ref Utf8JsonReader reader, ref Error? error)
    {
        RawJson.Enter(ref reader, ref _sawEphemeral, "ephemeral", ref error);
        switch (reader.TokenType)
        {
            case JsonTokenType.Null or JsonTokenType.False:
                break;
            case JsonTokenType.True:
                _ephemeral = new(null);
                break;
            case JsonTokenType.StartObject:
                ReadHolder(ref reader, ref error);
                break;
            default:
                error ??= Error.BadRequest("ephemeral: true, or an object with a \"holder\"");
                break;
        }
    }

    private void ReadHolder(ref Utf8JsonReader reader, ref Error? error)
    {
        string? holder = null;
        var grace = TimeSpan.Zero;
        bool sawHolder = false, sawGrace = false;
        while (error is null && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (JsonText.Is(ref reader, "holder"u8))
            {
                RawJson.Enter(ref reader, ref sawHolder, "ephemeral.holder", ref error);
                var bytes = JsonText.TryRead(ref reader, out holder) ? Encoding.UTF8.GetByteCount(holder) : 0;
                if (bytes is < LeastHolderBytes or > MostHolderBytes)
                    error ??= Error.BadRequest("ephemeral.holder: a string of 16-64 bytes of UTF-8");
            }
            else if (JsonText.Is(ref reader, "grace"u8))
            {
                RawJson.Enter(ref reader, ref sawGrace, "ephemeral.grace", ref error);
                if (reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var seconds) && seconds is >= 0 and <= MostGrace)
                    grace = TimeSpan.FromSeconds(seconds);
                else
                    error ??= Error.BadRequest("ephemeral.grace: a number of seconds from 0 to 120");
            }
            else
            {
                error ??= Error.BadRequest("ephemeral: an object with \"holder\" and \"grace\"; it has another field");
            }
        }
        if (error is null && holder is null) error = Error.BadRequest("ephemeral: an object with a \"holder\"; it has none");
        _ephemeral = new(null, holder, grace);
    }
}
