using System.Text.Json;
using SharedState.Host.Collections;
using SharedState.Host.Json;

namespace SharedState.Host.Protocol;

/// <summary>A list of objects with ids in an update: the items to insert, or the patches.</summary>
internal struct ItemList(Limits limits, string field)
{
    private List<Item>? _items;

    public readonly int Count => _items?.Count ?? 0;

    /// <summary>All of them, also those with equal ids.</summary>
    public readonly IReadOnlyList<Item> Items => _items ?? (IReadOnlyList<Item>)[];

    public long Bytes { get; private set; }

    public void Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, ref Error? error)
    {
        if (!UpdateParts.StartsList(ref reader, field, ref error)) return;
        _items = new(1);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (ReadItem(ref reader, message) is { } wrong)
            {
                error = UpdateParts.At($"{field}[{_items.Count - 1}]", wrong);
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
                if (UpdateParts.CheckId(ref reader, limits, out id) is { } error) return error;
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
