using System.Text.Json;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>A member's copy of a collection, kept by the protocol's rule of positions.</summary>
internal sealed class Copy(string path, SharedHistory history)
{
    private readonly Dictionary<string, string> _items = new(StringComparer.Ordinal);
    private ulong _state; // the sum of the items' hashes, so that a difference costs what it holds

    public Position? At { get; private set; }

    /// <summary>How often it got everything anew, though it had something.</summary>
    public int Resets { get; private set; }

    /// <summary>Whether the next notification is the first one of a subscription.</summary>
    public bool Begins { get; set; }

    public IReadOnlyDictionary<string, string> Items => _items;

    /// <summary>Applies a notification.</summary>
    public void Apply(JsonElement message)
    {
        var at = new Position(message.GetProperty("epoch").GetString()!, message.GetProperty("rev").GetInt64());
        var data = message.GetProperty("data");
        var insert = data.GetProperty("insert");
        if (data.TryGetProperty("reset", out var reset) && reset.GetBoolean())
        {
            if (At is not null) Resets++;
            _items.Clear();
            _state = 0;
        }
        else
        {
            var previous = message.GetProperty("prev").GetInt64();
            Assert.True(
                At is { } known && known.Epoch == at.Epoch && previous <= known.Revision,
                $"{path}: a difference from {previous} to {at} for who is at {At}");
            Assert.True(Begins ? at.Revision >= At!.Value.Revision : at.Revision > At!.Value.Revision, $"{path}: {at} after {At}");
            foreach (var id in data.GetProperty("remove").EnumerateArray()) Remove(id.GetString()!);
            if (previous == at.Revision - 1) history.Inserted(path, at, insert.GetRawText());
        }
        foreach (var item in insert.EnumerateArray()) Insert(item.GetProperty("id").GetString()!, item.GetRawText());
        (At, Begins) = (at, false);
        history.Reached(path, at, _state);
    }

    private void Insert(string id, string json)
    {
        Remove(id);
        _items.Add(id, json);
        _state += SharedHistory.Hash(id, json);
    }

    private void Remove(string id)
    {
        if (_items.Remove(id, out var json)) _state -= SharedHistory.Hash(id, json);
    }
}
