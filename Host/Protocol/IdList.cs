using System.Text.Json;
using SharedState.Host.Collections;

namespace SharedState.Host.Protocol;

/// <summary>A list of ids in an update: those to remove, or those of a condition.</summary>
internal struct IdList(Limits limits, string field)
{
    private List<string>? _ids;

    public readonly int Count => _ids?.Count ?? 0;

    public readonly IReadOnlyList<string> Ids => _ids ?? (IReadOnlyList<string>)[];

    public void Read(ref Utf8JsonReader reader, ref Error? error)
    {
        if (!UpdateParts.StartsList(ref reader, field, ref error)) return;
        _ids = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (UpdateParts.CheckId(ref reader, limits, out var id) is { } wrong)
            {
                error = UpdateParts.At($"{field}[{_ids.Count}]", wrong);
                return;
            }
            _ids.Add(id);
            if (_ids.Count > limits.RequestItems) return; // counted and refused by the caller
        }
    }

    /// <summary>The ids, of which there are some, each once, but for those that are inserted.</summary>
    public readonly List<string> DistinctWithout(ItemList insert)
    {
        if (_ids!.Count == 1 && insert.Count == 0) return _ids;
        var inserted = insert.Ids();
        var seen = new HashSet<string>(_ids.Count, StringComparer.Ordinal);
        return _ids.FindAll(id => !inserted.Contains(id) && seen.Add(id));
    }
}
