using System.Text.Json;
using SharedState.Host.Json;

namespace SharedState.Host.Conditions;

/// <summary>
/// An order of items: by the values at some paths, each ascending or descending, then by id, ascending by code point. Types sort as missing
/// or null, numbers, strings, objects, arrays, booleans; objects and arrays by their text. A path that meets an array takes the least
/// element, descending the greatest.
/// </summary>
internal sealed class SortOrder
{
    private const int MostPaths = 8;
    private const string Needed = "an order is a list of [path, 1] or [path, -1]";

    private readonly bool[] _descending;
    private Reading? _reading; // made at the first use, and kept for the next one

    private SortOrder(List<(FieldPath Path, bool Descending)> entries)
    {
        Paths = [.. entries.Select(entry => entry.Path)];
        _descending = [.. entries.Select(entry => entry.Descending)];
        Text = $"[{string.Join(',', entries.Select(entry => $"[{JsonText.Quote(entry.Path.Text)},{(entry.Descending ? -1 : 1)}]"))}]";
    }

    /// <summary>By id alone.</summary>
    public static SortOrder ById { get; } = new([]);

    public IReadOnlyList<FieldPath> Paths { get; }

    /// <summary>The order as JSON; equal orders have the same.</summary>
    public string Text { get; }

    /// <summary>Reads an order such as <c>[["a.b",1],["c",-1]]</c>. Never throws.</summary>
    /// <param name="json">The order in UTF-8.</param>
    /// <param name="name">The name of the order in mistakes, such as <c>order</c>.</param>
    /// <param name="order">Gets the order; if there is a mistake, the one by id.</param>
    /// <param name="mistake">Gets the first mistake, with its place: <c>order[0]: ..</c>.</param>
    public static bool TryParse(ReadOnlyMemory<byte> json, string name, out SortOrder order, out string? mistake)
    {
        var paths = new HashSet<FieldPath>();
        var read = ListReader.Read(json, name, Needed, (element, place) => Entry(element, place, paths), MostPaths, out mistake);
        order = read is null ? ById : new(read);
        return read is not null;
    }

    /// <summary>The key of an item.</summary>
    /// <param name="item">The item, valid JSON.</param>
    /// <param name="id">Its id.</param>
    public SortKey Key(ReadOnlyMemory<byte> item, string id)
    {
        var reading = Interlocked.Exchange(ref _reading, null) ?? new(this);
        var key = reading.Key(item, id);
        Volatile.Write(ref _reading, reading);
        return key;
    }

    /// <summary>The key of an item whose fields were read.</summary>
    /// <param name="item">The fields of the item.</param>
    /// <param name="fields">The field of each of the paths.</param>
    /// <param name="id">The item's id.</param>
    public SortKey Key(ItemFields item, Field[] fields, string id)
    {
        var key = new SortKeyWriter();
        for (var index = 0; index < fields.Length; index++) key.Add(Pick(item, fields[index], _descending[index]), _descending[index]);
        return key.End(id);
    }

    /// <summary>Reads an exclusive start, <c>[key.., id]</c>. Never throws.</summary>
    /// <param name="json">The start in UTF-8: the values of the paths, and the id of an item.</param>
    /// <param name="name">The name of the start in mistakes, such as <c>after</c>.</param>
    /// <param name="key">Gets the key, that such an item has.</param>
    /// <param name="mistake">Gets the first mistake, with its place.</param>
    public bool TryParseAfter(ReadOnlyMemory<byte> json, string name, out SortKey key, out string? mistake)
    {
        key = new([]);
        var keys = Paths.Count == 1 ? "1 key" : $"{Paths.Count} keys";
        var needed = $"a list of {keys} and an id is needed, as many as the order has paths";
        var values = ListReader.Read(json, name, needed, (element, _) => element.Clone(), Paths.Count + 1, out mistake);
        if (values is null) return false;
        var id = values.Count == Paths.Count + 1 ? ListReader.Text(values[^1]) : null;
        if (values.Count != Paths.Count + 1) mistake = $"{name}: {needed}";
        else if (id is null) mistake = $"{name}[{Paths.Count}]: an id is a string, without lone surrogates";
        if (id is null) return false;
        var writer = new SortKeyWriter();
        for (var index = 0; index < Paths.Count; index++) writer.Add(ListReader.Value(values[index]), _descending[index]);
        key = writer.End(id);
        return true;
    }

    private static (FieldPath, bool) Entry(JsonElement json, string place, HashSet<FieldPath> before)
    {
        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() != 2) throw new ConditionMistake(place, Needed);
        var path = ListReader.Path(json[0], $"{place}[0]");
        var direction = json[1].ValueKind == JsonValueKind.Number ? ListReader.Value(json[1]).Number : 0;
        if (direction is not (1 or -1)) throw new ConditionMistake($"{place}[1]", "1 or -1 is needed");
        if (!before.Add(path)) throw new ConditionMistake(place, "this path comes twice");
        return (path, direction < 0);
    }

    private static FieldValue Pick(ItemFields item, Field field, bool descending)
    {
        var picked = new Picked(descending);
        if (item.IsMissing(field)) picked.Offer(FieldValue.Null);
        foreach (ref readonly var reached in item.ValuesAt(field))
        {
            if (reached.IsElement) continue; // of an array that comes, too
            if (reached.Value.Kind != ValueKind.Array)
            {
                picked.Offer(reached.Value);
                continue;
            }
            foreach (var element in new ArrayElements(reached.Value.Bytes)) picked.Offer(element);
        }
        return picked.Value;
    }

    /// <summary>The least of some values, or the greatest; null of none.</summary>
    private struct Picked(bool greatest)
    {
        private bool _any;

        public FieldValue Value { get; private set; }

        public void Offer(in FieldValue value)
        {
            if (_any && value.CompareTo(Value) > 0 != greatest) return;
            (_any, Value) = (true, value);
        }
    }

    /// <summary>Reads the fields of this order alone.</summary>
    private sealed class Reading
    {
        private readonly BoundOrder _bound;
        private readonly ItemFields _fields;

        public Reading(SortOrder order)
        {
            var set = new FieldSet();
            _bound = set.Add(order);
            _fields = new(set);
        }

        public SortKey Key(ReadOnlyMemory<byte> item, string id)
        {
            _fields.Read(item);
            var key = _bound.Key(_fields, id);
            _fields.Clear();
            return key;
        }
    }
}
