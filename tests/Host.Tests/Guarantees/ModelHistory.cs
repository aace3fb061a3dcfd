using System.Text;
using System.Text.Json;
using SharedState.Host.Json;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>All that was ever stored: the state of each collection at each of its positions, and each update that took effect.</summary>
internal sealed class ModelHistory
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Service, CollectionKey Key, Position Position), IReadOnlyDictionary<string, string>> _states = [];
    private readonly HashSet<int> _marks = [];
    private readonly Dictionary<(string Service, CollectionKey Key), int> _counts = [];

    /// <summary>The id of an item that only increments change.</summary>
    public const string Counter = "counter";

    /// <summary>What must never be stored.</summary>
    public List<string> Failures { get; } = [];

    /// <summary>Records what a storage stores.</summary>
    public void Watch(string service, MemoryStorage storage) => storage.Applied = (update, stored) =>
    {
        lock (_gate)
        {
            var items = Items(stored);
            _states.Add((service, update.Key, stored.Position), items);
            var inserted = update.Insert.Where(item => item.Id != Counter);
            foreach (var mark in inserted.Select(item => Mark(Encoding.UTF8.GetString(item.Json.Span))).Distinct())
            {
                if (!_marks.Add(mark)) Failures.Add($"the update with mark {mark} was stored twice, at last at {stored.Position}");
            }
            Count(service, update, stored.Position, items);
        }
    };

    /// <summary>Records where a storage stands, after it lost its lineage.</summary>
    public void Record(string service, CollectionKey key, StoredCollection stored)
    {
        lock (_gate) _states[(service, key, stored.Position)] = Items(stored);
    }

    public IReadOnlyDictionary<string, string> At(string service, CollectionKey key, Position position)
    {
        lock (_gate)
        {
            if (_states.TryGetValue((service, key, position), out var state)) return state;
            return position.Revision == 0
                ? new Dictionary<string, string>()
                : throw new KeyNotFoundException($"{key} was never stored at {position}");
        }
    }

    /// <summary>Each update adds one to the counter, or leaves it, or removes it with all others.</summary>
    private void Count(string service, ItemUpdate update, Position position, IReadOnlyDictionary<string, string> items)
    {
        var before = update.Reset ? 0 : _counts.GetValueOrDefault((service, update.Key));
        var now = items.TryGetValue(Counter, out var item) ? Mark(item) : 0;
        var adds = update.Insert.Any(inserted => inserted.Id == Counter) ? 1 : 0;
        if (now != before + adds) Failures.Add($"the counter went from {before} to {now} at {position}");
        _counts[(service, update.Key)] = now;
    }

    /// <summary>The name of the n-th lineage.</summary>
    public static string Epoch(int n) => $"e{n}";

    /// <summary>Whether a position is the other one or comes after it, be it in a later lineage.</summary>
    public static bool Reached(Position position, Position at) =>
        at.Epoch == position.Epoch ? at.Revision >= position.Revision : int.Parse(at.Epoch.AsSpan(1)) > int.Parse(position.Epoch.AsSpan(1));

    /// <summary>Whether an item with this mark was ever stored.</summary>
    public bool Holds(int mark)
    {
        lock (_gate) return _marks.Contains(mark);
    }

    public static IReadOnlyDictionary<string, string> Items(StoredCollection stored) =>
        stored.Items.ToDictionary(
            item => item.Id, item => Encoding.UTF8.GetString(WhiteSpaceMark.Strip(item.Json).Span), StringComparer.Ordinal);

    public static bool Equal(IReadOnlyDictionary<string, string> left, IReadOnlyDictionary<string, string> right) =>
        left.Count == right.Count && left.All(pair => right.TryGetValue(pair.Key, out var value) && value == pair.Value);

    /// <summary>An item that is found again by its mark.</summary>
    public static string Item(string id, int mark, int padding)
    {
        var group = (mark % 4) switch { 0 => "", var other => $"\"g\":\"{"xyz"[other - 1]}\"," };
        return $$"""{"id":"{{id}}",{{group}}"t":[{{padding % 2}},{{padding % 4}}],"x":"{{new string('x', padding)}}","v":{{mark}}}""";
    }

    /// <summary>The mark of an item, or the number of the counter.</summary>
    public static int Mark(string json)
    {
        using var item = JsonDocument.Parse(json);
        return (item.RootElement.TryGetProperty("v", out var mark) ? mark : item.RootElement.GetProperty("n")).GetInt32();
    }
}
