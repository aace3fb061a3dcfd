using System.Text.Json;
using SharedState.Host.Collections;
using SharedState.Host.Conditions;

namespace SharedState.Host.Protocol;

/// <summary>The object <c>if.match</c> of an update: a condition for each of some ids.</summary>
internal struct MatchList(Limits limits)
{
    // All conditions of a request together take a few megabytes at most.
    private const int MostSize = 10_000;

    private const int MostIdLength = 64; // in places

    private Dictionary<string, Condition>? _conditions;
    private int _size;

    public readonly int Count => _conditions?.Count ?? 0;

    public readonly IReadOnlyList<ItemMatch> Matches =>
        _conditions is null ? [] : [.. _conditions.Select(match => new ItemMatch(match.Key, match.Value))];

    public void Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, ref Error? error)
    {
        if (reader.TokenType == JsonTokenType.Null) return;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            error ??= Error.BadRequest("if.match: an object with a condition for each id is needed");
            return;
        }
        _conditions = new(StringComparer.Ordinal);
        while (error is null && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (UpdateParts.CheckIdAsName(ref reader, limits, out var id) is { } wrong) error = UpdateParts.At("if.match", wrong);
            else error = ReadCondition(ref reader, message, id);
        }
    }

    private Error? ReadCondition(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, string id)
    {
        var place = $"if.match.{id[..Math.Min(id.Length, MostIdLength)]}";
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        Error? error = null;
        RawJson.Skip(ref reader, limits.EnvelopeDepth, ref error);
        if (error is not null) return error;
        var json = message[start..(int)reader.BytesConsumed].ToArray();
        if (!Condition.TryParse(json, place, out var condition, out var mistake)) return Error.BadRequest(mistake!);
        if (!_conditions!.TryAdd(id, condition)) return Error.BadRequest($"{place}: this comes twice");
        _size += condition.Size;
        return _size <= MostSize
            ? null
            : Error.Limit($"if.match: the conditions of a request have at most {MostSize} operators, fields and values together");
    }
}
