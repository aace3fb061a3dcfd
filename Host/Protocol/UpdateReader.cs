using System.Text;
using System.Text.Json;
using SharedState.Host.Collections;

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
    /// <returns>The update, which names each id once, and the bytes of its items; null where it is wrong.</returns>
    public static (ItemUpdate Update, long Bytes)? Read(
        ref Utf8JsonReader reader, ReadOnlySpan<byte> message, CollectionKey key, Limits limits, ref Error? error)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            error = Error.BadRequest("the \"arg\" of a PUT on a collection is an object with \"remove\", \"insert\" and \"reset\"");
            return null;
        }
        var remove = new IdList(limits);
        var insert = new ItemList(limits);
        bool sawRemove = false, sawInsert = false, sawReset = false, reset = false;
        while (error is null && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (JsonText.Is(ref reader, "remove"u8))
            {
                RawJson.Once(ref sawRemove, "remove", ref error);
                reader.Read();
                remove.Read(ref reader, ref error);
            }
            else if (JsonText.Is(ref reader, "insert"u8))
            {
                RawJson.Once(ref sawInsert, "insert", ref error);
                reader.Read();
                insert.Read(ref reader, message, ref error);
            }
            else if (JsonText.Is(ref reader, "reset"u8))
            {
                RawJson.Once(ref sawReset, "reset", ref error);
                reader.Read();
                reset = ReadReset(ref reader, ref error);
            }
            else
            {
                if (NotSupported(ref reader) is { } name)
                    error = Error.BadRequest($"\"{name}\" in an update is not supported by this server");
                reader.Read();
                RawJson.Skip(ref reader, limits.EnvelopeDepth, ref error);
            }
        }
        if (error is not null) return null;
        if (remove.Count + insert.Count > limits.RequestItems)
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
        return (update, insert.Bytes);
    }

    /// <summary>Without what these fields ask for, something else would be done than was asked: they are not passed over like unknown
    /// ones.</summary>
    private static string? NotSupported(ref Utf8JsonReader reader) =>
        JsonText.Is(ref reader, "if"u8) ? "if"
        : JsonText.Is(ref reader, "patch"u8) ? "patch"
        : JsonText.Is(ref reader, "inc"u8) ? "inc"
        : JsonText.Is(ref reader, "ephemeral"u8) ? "ephemeral"
        : JsonText.Is(ref reader, "ttl"u8) ? "ttl"
        : null;

    private static bool ReadReset(ref Utf8JsonReader reader, ref Error? error)
    {
        if (reader.TokenType is JsonTokenType.True) return true;
        if (reader.TokenType is not (JsonTokenType.False or JsonTokenType.Null))
            error ??= Error.BadRequest("\"reset\" is true or false");
        return false;
    }

    private static bool StartsList(ref Utf8JsonReader reader, string field, ref Error? error)
    {
        if (reader.TokenType == JsonTokenType.StartArray) return true;
        if (reader.TokenType != JsonTokenType.Null) error ??= Error.BadRequest($"\"{field}\" is a list");
        return false;
    }

    private static Error? CheckId(ref Utf8JsonReader reader, Limits limits, out string id)
    {
        id = "";
        if (!JsonText.TryRead(ref reader, out var text)) return Error.BadRequest("an id is a string, without lone surrogates");
        id = text;
        var bytes = Encoding.UTF8.GetByteCount(text);
        return bytes >= 1 && bytes <= limits.IdBytes
            ? null
            : Error.BadRequest($"an id has 1-{limits.IdBytes} bytes of UTF-8; this one has {bytes}");
    }

    private static Error At(string place, Error error) => error with { Message = $"{place}: {error.Message}" };

    /// <summary>The ids to remove.</summary>
    private struct IdList(Limits limits)
    {
        private List<string>? _ids;

        public readonly int Count => _ids?.Count ?? 0;

        public void Read(ref Utf8JsonReader reader, ref Error? error)
        {
            if (!StartsList(ref reader, "remove", ref error)) return;
            _ids = [];
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (CheckId(ref reader, limits, out var id) is { } wrong)
                {
                    error = At($"remove[{_ids.Count}]", wrong);
                    return;
                }
                _ids.Add(id);
                if (_ids.Count > limits.RequestItems) return; // counted and refused by the caller
            }
        }

        public readonly List<string> DistinctWithout(ItemList insert)
        {
            if (_ids!.Count == 1 && insert.Count == 0) return _ids;
            var inserted = insert.Ids();
            var seen = new HashSet<string>(_ids.Count, StringComparer.Ordinal);
            return _ids.FindAll(id => !inserted.Contains(id) && seen.Add(id));
        }
    }

    /// <summary>The items to insert.</summary>
    private struct ItemList(Limits limits)
    {
        private List<Item>? _items;

        public readonly int Count => _items?.Count ?? 0;

        public long Bytes { get; private set; }

        public void Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, ref Error? error)
        {
            if (!StartsList(ref reader, "insert", ref error)) return;
            _items = new(1);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (ReadItem(ref reader, message) is { } wrong)
                {
                    error = At($"insert[{_items.Count - 1}]", wrong);
                    return;
                }
                if (_items.Count > limits.RequestItems) return; // counted and refused by the caller
            }
        }

        private Error? ReadItem(ref Utf8JsonReader reader, ReadOnlySpan<byte> message)
        {
            _items!.Add(default);
            if (reader.TokenType != JsonTokenType.StartObject) return Error.BadRequest("an item is an object with an \"id\"");
            var start = (int)reader.TokenStartIndex;
            var deepest = reader.CurrentDepth + limits.ItemDepth;
            string? id = null;
            Error? tooDeep = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isId = JsonText.Is(ref reader, "id"u8);
                reader.Read();
                if (isId)
                {
                    if (id is not null) return Error.BadRequest("the item has two fields \"id\"");
                    if (CheckId(ref reader, limits, out id) is { } error) return error;
                }
                else
                {
                    RawJson.Skip(ref reader, deepest, ref tooDeep);
                    if (tooDeep is not null) return Error.BadRequest($"an item is nested at most {limits.ItemDepth} levels deep");
                }
            }
            if (id is null) return Error.BadRequest("the item has no \"id\"");
            var length = (int)reader.BytesConsumed - start;
            if (length > limits.ItemBytes)
                return Error.TooLarge($"an item has at most {limits.ItemBytes} bytes; this one has {length}");
            _items[^1] = new Item(id, message.Slice(start, length).ToArray());
            Bytes += length;
            return null;
        }

        /// <summary>The items, of which there are some, the last of those with equal ids; the place in the list is the first
        /// one's.</summary>
        public readonly List<Item> Distinct()
        {
            if (_items!.Count == 1) return _items;
            var places = new Dictionary<string, int>(_items.Count, StringComparer.Ordinal);
            var distinct = new List<Item>(_items.Count);
            foreach (var item in _items)
            {
                if (places.TryAdd(item.Id, distinct.Count)) distinct.Add(item);
                else distinct[places[item.Id]] = item;
            }
            return distinct;
        }

        public readonly HashSet<string> Ids()
        {
            var ids = new HashSet<string>(Count, StringComparer.Ordinal);
            foreach (var item in _items ?? []) ids.Add(item.Id);
            return ids;
        }
    }
}
