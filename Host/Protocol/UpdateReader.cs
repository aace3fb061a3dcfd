using System.Text.Json;
using SharedState.Host.Collections;
using SharedState.Host.Json;

namespace SharedState.Host.Protocol;

/// <summary>Reads the argument of a PUT on a collection. Items are checked and copied out byte by byte, never turned into
/// objects.</summary>
internal static class UpdateReader
{
    /// <summary>Reads the object that the reader stands on.</summary>
    /// <param name="reader">Stands on the first token; on return on the last.</param>
    /// <param name="message">What the reader reads.</param>
    /// <param name="key">The collection.</param>
    /// <param name="limits">The limits on it.</param>
    /// <param name="error">Gets what is wrong with it.</param>
    /// <returns>The update; null where it is wrong.</returns>
    public static RequestedUpdate? Read(
        ref Utf8JsonReader reader, ReadOnlySpan<byte> message, CollectionKey key, Limits limits, ref Error? error)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            error = Error.BadRequest("the \"arg\" of a PUT on a collection is an object with \"remove\", \"insert\" and \"reset\"");
            return null;
        }
        var remove = new IdList(limits, "remove");
        ItemList insert = new(limits, "insert"), patch = new(limits, "patch");
        var increments = new IncrementList(limits);
        Precondition? condition = null;
        var lifetime = new LifetimeReader();
        var (conditionIds, reset) = (0, false);
        bool sawRemove = false, sawInsert = false, sawReset = false, sawIf = false, sawPatch = false, sawInc = false;
        while (error is null && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (JsonText.Is(ref reader, "remove"u8))
            {
                RawJson.Enter(ref reader, ref sawRemove, "remove", ref error);
                remove.Read(ref reader, ref error);
            }
            else if (JsonText.Is(ref reader, "insert"u8))
            {
                RawJson.Enter(ref reader, ref sawInsert, "insert", ref error);
                insert.Read(ref reader, message, ref error);
            }
            else if (JsonText.Is(ref reader, "reset"u8))
            {
                RawJson.Enter(ref reader, ref sawReset, "reset", ref error);
                reset = ReadReset(ref reader, ref error);
            }
            else if (JsonText.Is(ref reader, "patch"u8))
            {
                RawJson.Enter(ref reader, ref sawPatch, "patch", ref error);
                patch.Read(ref reader, message, ref error);
            }
            else if (JsonText.Is(ref reader, "inc"u8))
            {
                RawJson.Enter(ref reader, ref sawInc, "inc", ref error);
                increments.Read(ref reader, ref error);
            }
            else if (JsonText.Is(ref reader, "if"u8))
            {
                RawJson.Enter(ref reader, ref sawIf, "if", ref error);
                condition = PreconditionReader.Read(ref reader, message, limits, out conditionIds, ref error);
            }
            else if (JsonText.Is(ref reader, "ttl"u8))
            {
                lifetime.ReadTtl(ref reader, ref error);
            }
            else if (JsonText.Is(ref reader, "ephemeral"u8))
            {
                lifetime.ReadEphemeral(ref reader, ref error);
            }
            else
            {
                reader.Read();
                RawJson.Skip(ref reader, limits.EnvelopeDepth, ref error);
            }
        }
        var given = lifetime.Result(ref error);
        if (error is not null) return null;
        if (remove.Count + insert.Count + patch.Count + increments.Count + conditionIds > limits.RequestItems)
        {
            error = Error.Limit($"a request names at most {limits.RequestItems} items; send several requests");
            return null;
        }
        var update = new ItemUpdate
        {
            Key = key,
            Reset = reset,
            Insert = insert.Count == 0 ? Array.Empty<Item>() : insert.Distinct(),
            Remove = reset || remove.Count == 0 ? Array.Empty<string>() : remove.DistinctWithout(insert),
        };
        var bytes = insert.Bytes + patch.Bytes + increments.Bytes;
        if (given is not null) bytes += (long)WhiteSpaceMark.Length * (insert.Count + patch.Count + increments.Count);
        var plain = condition is null && patch.Count == 0 && increments.Count == 0;
        return new(update, bytes, plain ? null : Terms(update, condition, patch, increments), given);
    }

    private static UpdateTerms Terms(ItemUpdate update, Precondition? condition, ItemList patch, IncrementList increments)
    {
        if (patch.Count + increments.Count == 0) return new() { If = condition, Named = update.Remove.Count + update.Insert.Count };
        var named = new HashSet<string>(update.Remove, StringComparer.Ordinal);
        foreach (var item in update.Insert) named.Add(item.Id);
        foreach (var item in patch.Items) named.Add(item.Id);
        foreach (var increment in increments.Increments) named.Add(increment.Id);
        return new()
        {
            If = condition,
            Patches = [.. patch.Items.Select(item => new ItemPatch(item.Id, item.Json))],
            Increments = increments.Increments,
            Named = named.Count,
        };
    }

    private static bool ReadReset(ref Utf8JsonReader reader, ref Error? error)
    {
        if (reader.TokenType is JsonTokenType.True) return true;
        if (reader.TokenType is not (JsonTokenType.False or JsonTokenType.Null))
            error ??= Error.BadRequest("\"reset\" is true or false");
        return false;
    }
}
