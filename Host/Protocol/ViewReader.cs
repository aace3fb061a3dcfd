using System.Text;
using System.Text.Json;
using SharedState.Host.Collections;
using SharedState.Host.Conditions;
using SharedState.Host.Contents;
using SharedState.Host.Json;

namespace SharedState.Host.Protocol;

/// <summary>Reads the fields that describe a view, in the options of a subscription or in the argument of a GET.</summary>
internal sealed class ViewReader
{
    private const int MostItems = 10_000;

    private byte[]? _filter, _order, _limit, _after, _fields;

    /// <summary>Reads the argument of a GET. One that is no object asks for the whole collection.</summary>
    public static ViewDefinition Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, Limits limits, ref Error? error)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            RawJson.Skip(ref reader, limits.EnvelopeDepth, ref error);
            return ViewDefinition.Whole;
        }
        ViewReader? view = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (IsField(ref reader)) (view ??= new()).ReadField(ref reader, message, limits, ref error);
            else
            {
                reader.Read();
                RawJson.Skip(ref reader, limits.EnvelopeDepth, ref error);
            }
        }
        return view?.Define(ref error) ?? ViewDefinition.Whole;
    }

    /// <summary>Whether the name that the reader stands on is a field of a view.</summary>
    public static bool IsField(ref Utf8JsonReader reader) =>
        JsonText.Is(ref reader, "filter"u8) || JsonText.Is(ref reader, "order"u8) || JsonText.Is(ref reader, "limit"u8)
        || JsonText.Is(ref reader, "after"u8) || JsonText.Is(ref reader, "fields"u8);

    /// <summary>Reads the field whose name the reader stands on. On return the reader stands on the last token of the value.</summary>
    public void ReadField(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, Limits limits, ref Error? error)
    {
        ref var field = ref _filter;
        if (JsonText.Is(ref reader, "order"u8)) field = ref _order;
        else if (JsonText.Is(ref reader, "limit"u8)) field = ref _limit;
        else if (JsonText.Is(ref reader, "after"u8)) field = ref _after;
        else if (JsonText.Is(ref reader, "fields"u8)) field = ref _fields;
        var seen = field is not null;
        RawJson.Enter(ref reader, ref seen, reader.GetString()!, ref error);
        var start = (int)reader.TokenStartIndex;
        var given = reader.TokenType != JsonTokenType.Null;
        RawJson.Skip(ref reader, limits.EnvelopeDepth, ref error);
        if (given) field = message[start..(int)reader.BytesConsumed].ToArray();
    }

    /// <summary>The view that the fields describe; null, with the error, if a field has a mistake.</summary>
    public ViewDefinition? Define(ref Error? error)
    {
        Condition? filter = null;
        var order = SortOrder.ById;
        Projection? fields = null;
        SortKey after = default;
        string? mistake = null;
        var valid =
            (_filter is null || Condition.TryParse(_filter, "filter", out filter, out mistake))
            && (_order is null || SortOrder.TryParse(_order, "order", out order, out mistake))
            && (_after is null || order.TryParseAfter(_after, "after", out after, out mistake))
            && (_fields is null || Projection.TryParse(_fields, "fields", out fields, out mistake));
        int? limit = null;
        if (valid && _limit is not null)
        {
            limit = JsonSerializer.Deserialize<JsonElement>(_limit) is { ValueKind: JsonValueKind.Number } number
                && number.TryGetInt32(out var items) ? items : 0;
            if (limit is < 1 or > MostItems) mistake = $"limit: a whole number of items, from 1 to {MostItems}";
        }
        if (mistake is not null)
        {
            error ??= Error.BadRequest(mistake);
            return null;
        }
        return new()
        {
            Filter = filter,
            Order = _order is null ? null : order,
            Limit = limit,
            After = _after is null ? null : after,
            AfterText = _after is null ? null : Encoding.UTF8.GetString(_after),
            Fields = fields,
        };
    }
}
