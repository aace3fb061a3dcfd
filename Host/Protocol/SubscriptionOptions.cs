using System.Buffers;
using System.Text;
using System.Text.Json;
using SharedState.Host.Collections;
using SharedState.Host.Contents;
using SharedState.Host.Json;

namespace SharedState.Host.Protocol;

/// <summary>A subscription's options: the options that the server knows, and the text of all options (without the position) for the
/// reply.</summary>
internal sealed class SubscriptionOptions
{
    // Above the fastest rate a limit has no effect. Below the slowest one a reply that waits for its notification would come too late.
    private const double FastestRate = 1_000, SlowestRate = 0.2;

    private const int LongestName = 64, LeastPart = 16 << 10, LargestPart = 1 << 20;

    // No collection's epoch is as long: a longer one is of another lineage, and need not be kept to be known as such.
    private const int LongestEpoch = 512;

    private static readonly byte[] Empty = "{}"u8.ToArray();

    /// <summary>The options of a subscription without any.</summary>
    public static readonly SubscriptionOptions None = new();

    private long? _since;
    private string? _epoch;

    private SubscriptionOptions()
    {
    }

    /// <summary>The options as received, without <c>since</c> and <c>epoch</c>.</summary>
    public byte[] Echo { get; private set; } = Empty;

    /// <summary>The position that the client reports, or null.</summary>
    public Position? Since => _since is { } revision && _epoch is { } epoch ? new Position(epoch, revision) : null;

    /// <summary>The name that tells it apart from others to the same spelling, or null.</summary>
    public string? As { get; private set; }

    /// <summary>Whether the client wants merged differences whenever it is behind at all.</summary>
    public bool Conflate { get; private set; }

    /// <summary>The bytes of a part, if the client accepts large notifications in parts; otherwise 0.</summary>
    public int PartBytes { get; private set; }

    /// <summary>The minimum time between two notifications; zero for no limit.</summary>
    public TimeSpan MinInterval { get; private set; }

    /// <summary>What the subscription contains of the collection.</summary>
    public ViewDefinition View { get; private set; } = ViewDefinition.Whole;

    /// <summary>What is wrong with them, or null.</summary>
    public Error? Error { get; private set; }

    /// <summary>Reads the object that the reader stands on.</summary>
    public static SubscriptionOptions Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, Limits limits, ref Error? error)
    {
        var options = new SubscriptionOptions();
        var kept = new ArrayBufferWriter<byte>();
        kept.Write("{"u8);
        ViewReader? view = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            var isPosition = options.TryReadPosition(ref reader);
            if (!isPosition && ViewReader.IsField(ref reader)) (view ??= new()).ReadField(ref reader, message, limits, ref error);
            else if (!isPosition) options.ReadKept(ref reader);
            RawJson.Skip(ref reader, limits.EnvelopeDepth, ref error);
            if (isPosition) continue;
            if (kept.WrittenCount > 1) kept.Write(","u8);
            kept.Write(message[start..(int)reader.BytesConsumed]);
        }
        kept.Write("}"u8);
        if (kept.WrittenCount > limits.OptionsBytes)
            options.Error ??= Error.TooLarge(
                $"a subscription's options have at most {limits.OptionsBytes} bytes; these have {kept.WrittenCount}");
        else options.Echo = kept.WrittenSpan.ToArray();
        var mistake = options.Error;
        if (view is not null && mistake is null) options.View = view.Define(ref mistake) ?? ViewDefinition.Whole;
        options.Error = mistake;
        return options;
    }

    private bool TryReadPosition(ref Utf8JsonReader reader)
    {
        if (JsonText.Is(ref reader, "since"u8))
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var since)) _since = since;
            else if (reader.TokenType != JsonTokenType.Null) Error = Error.BadRequest("\"since\" is a whole number");
            return true;
        }
        if (JsonText.Is(ref reader, "epoch"u8))
        {
            reader.Read();
            if (JsonText.TryRead(ref reader, out var epoch)) _epoch = epoch.Length <= LongestEpoch ? epoch : null;
            else if (reader.TokenType != JsonTokenType.Null) Error = Error.BadRequest("\"epoch\" is a string");
            return true;
        }
        return false;
    }

    private void ReadKept(ref Utf8JsonReader reader)
    {
        if (JsonText.Is(ref reader, "conflate"u8))
        {
            reader.Read();
            Conflate = reader.TokenType == JsonTokenType.True;
            if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null))
                Error = Error.BadRequest("\"conflate\" is true or false");
        }
        else if (JsonText.Is(ref reader, "maxRate"u8))
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var rate) && rate is >= SlowestRate and <= FastestRate)
                MinInterval = TimeSpan.FromSeconds(1 / rate);
            else if (reader.TokenType != JsonTokenType.Null)
                Error = Error.BadRequest($"\"maxRate\" is a number of notifications a second, from {SlowestRate} to {FastestRate}");
        }
        else if (JsonText.Is(ref reader, "as"u8))
        {
            reader.Read();
            if (JsonText.TryRead(ref reader, out var name) && Encoding.UTF8.GetByteCount(name) is >= 1 and <= LongestName) As = name;
            else if (reader.TokenType != JsonTokenType.Null)
                Error = Error.BadRequest($"\"as\" is a string of 1-{LongestName} bytes of UTF-8");
        }
        else if (JsonText.Is(ref reader, "part"u8))
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var bytes) && bytes is >= LeastPart and <= LargestPart)
                PartBytes = bytes;
            else if (reader.TokenType != JsonTokenType.Null)
                Error = Error.BadRequest($"\"part\" is a number of bytes, from {LeastPart} to {LargestPart}");
        }
        else
        {
            reader.Read();
        }
    }
}
