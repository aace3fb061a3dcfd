namespace SharedState.Host.Collections;

/// <summary>
/// The text of a collection: all items, and differences. The texts that were built last are kept, and shared by all subscriptions at the
/// same revision: a thousand clients that come back cost one serialization.
/// </summary>
internal sealed class Bodies(ItemLog log, MemoryBudget memory)
{
    [ThreadStatic]
    private static TextBuffer? t_text;

    private ItemLog _log = log;
    private byte[]? _snapshot;
    private Cuts? _snapshotCuts; // of _snapshot
    private Notice? _whole, _difference;

    public Position Position => _log.Position;

    /// <summary>Another log takes the place of the current one.</summary>
    public void Replace(ItemLog log)
    {
        _log = log;
        Forget();
    }

    /// <summary>The items, a JSON list. Built once for each revision.</summary>
    public ReadOnlyMemory<byte> Snapshot()
    {
        if (_snapshot is null)
        {
            _snapshotCuts = new();
            _snapshot = CopyItems(_snapshotCuts);
            memory.Note(_snapshot);
        }
        return _snapshot;
    }

    /// <summary>Forgets the texts: the revision moved, or no client may need them again.</summary>
    public void Forget() => (_snapshot, _snapshotCuts, _whole, _difference) = (null, null, null, null);

    /// <summary>
    /// The difference from a position to now where there is one, else the whole. The first snapshot, the resume after a reconnect, and the
    /// merged catch-up of a lagging subscription are all this.
    /// </summary>
    public Notice Since(Position? known)
    {
        if (known is not { } position || !Reaches(position)) return _whole ??= new(null, Position, Snapshot(), _snapshotCuts!);
        if (_difference is null || _difference.Since != position)
        {
            var text = t_text ??= new();
            text.Clear();
            var cuts = new Cuts();
            WriteChanges(text, position.Revision, cuts);
            var body = text.Take();
            memory.Note(body);
            _difference = new(position, Position, body, cuts);
        }
        return _difference;
    }

    /// <summary>Writes the difference from a revision to now: the list of removed ids, <c>,"insert":</c>, and the list of changed
    /// items.</summary>
    /// <param name="text">Gets it.</param>
    /// <param name="since">The revision.</param>
    /// <param name="cuts">Gets the places at which it may be cut; null where it will not be.</param>
    public void WriteChanges(TextBuffer text, long since, Cuts? cuts = null)
    {
        var changed = _log.Since(since);
        text.Write("["u8);
        var first = true;
        foreach (var entry in changed)
        {
            if (!entry.Removed) continue;
            if (!first) text.Write(","u8);
            cuts?.Note(text.Length);
            text.WriteString(entry.Id);
            first = false;
        }
        var removedEnd = text.Length;
        text.Write("],\"insert\":"u8);
        cuts?.NoteItems(removedEnd, text.Length + 1);
        WriteItems(text, changed, cuts);
    }

    /// <summary>Whether there is memory for what <see cref="Since"/> would make. A difference is bounded by the whole.</summary>
    public bool HasRoom(Position? known) =>
        known is { } position && Reaches(position)
            ? _difference?.Since == position || memory.HasRoom(0)
            : _snapshot is not null || memory.HasRoom(_log.Bytes);

    /// <summary>Whether the difference from there to now can be told.</summary>
    public bool Reaches(Position position) =>
        position.Epoch == Position.Epoch && position.Revision >= _log.HistoryStart && position.Revision <= Position.Revision;

    /// <summary>All items, a JSON list. Its length is known, so that a large one is not copied while it grows.</summary>
    private byte[] CopyItems(Cuts cuts)
    {
        var text = GC.AllocateUninitializedArray<byte>(checked((int)(_log.Bytes + Math.Max(0, _log.Count - 1) + 2)));
        var at = 0;
        text[at++] = (byte)'[';
        foreach (var entry in _log.All)
        {
            if (entry.Removed) continue;
            if (at > 1)
            {
                text[at++] = (byte)',';
                cuts.Note(at);
            }
            entry.Json.Span.CopyTo(text.AsSpan(at));
            at += entry.Json.Length;
        }
        text[at] = (byte)']';
        return text;
    }

    private static void WriteItems(TextBuffer text, ItemWalk items, Cuts? cuts)
    {
        text.Write("["u8);
        var first = true;
        foreach (var entry in items)
        {
            if (entry.Removed) continue;
            if (!first) text.Write(","u8);
            cuts?.Note(text.Length);
            text.Write(entry.Json.Span);
            first = false;
        }
        text.Write("]"u8);
    }
}
