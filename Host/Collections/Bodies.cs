namespace SharedState.Host.Collections;

/// <summary>
/// The texts of a collection: all items, and differences. The most recent texts are kept and shared by all subscriptions at the same
/// revision: a thousand clients that reconnect cost one serialization.
/// </summary>
internal sealed class Bodies(ItemLog log, MemoryBudget memory, TextQuota quota)
{
    // A larger difference is sent only if it has less than half of the bytes of the whole, whose text all receivers share.
    private const long SmallDifferenceBytes = 64 << 10;

    [ThreadStatic]
    private static TextBuffer? t_text;

    private ItemLog _log = log;
    private byte[]? _snapshot;
    private Cuts? _snapshotCuts; // of _snapshot
    private Notice? _whole, _difference;
    private long _far, _near = long.MaxValue; // differences since before the first are large, those since the second, and later, are not

    public Position Position => _log.Position;

    /// <summary>Another log replaces the current one.</summary>
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
            quota.Note(_snapshot);
        }
        return _snapshot;
    }

    /// <summary>Discards the texts, because the revision changed or no client needs them any more.</summary>
    public void Forget()
    {
        (_snapshot, _snapshotCuts, _whole, _difference) = (null, null, null, null);
        (_far, _near) = (0, long.MaxValue);
    }

    /// <summary>
    /// The difference from a position to now if there is one that is not large, otherwise the whole. Serves the first snapshot, the resume
    /// after a reconnect, and the merged catch-up of a lagging subscription.
    /// </summary>
    public Notice Since(Position? known) =>
        IsNear(known) ? Difference(known!.Value) : _whole ??= new(null, Position, Snapshot(), _snapshotCuts!);

    /// <summary>The difference from a position to now. The position must be one that it <see cref="Reaches"/>.</summary>
    public Notice Difference(Position since)
    {
        if (_difference?.Since == since) return _difference;
        var text = t_text ??= new();
        text.Clear();
        var cuts = new Cuts();
        WriteChanges(text, since.Revision, cuts);
        var body = text.Take();
        memory.Note(body);
        quota.Note(body);
        return _difference = new(since, Position, body, cuts);
    }

    /// <summary>Writes the difference from a revision to now: the list of removed ids, <c>,"insert":</c>, and the list of changed
    /// items.</summary>
    /// <param name="text">Gets the difference.</param>
    /// <param name="since">The revision.</param>
    /// <param name="cuts">Gets the places at which the text may be cut; null if it will not be cut.</param>
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

    /// <summary>Whether there is memory for the text that <see cref="Since"/> would produce. The whole bounds a difference.</summary>
    public bool HasRoom(Position? known) =>
        IsNear(known) ? _difference?.Since == known || memory.HasRoom(0) : HasSnapshot || memory.HasRoom(_log.Bytes);

    /// <summary>Whether <see cref="Since"/> needs no new text, as far as that is known without a look at the items.</summary>
    public bool IsMade(Position? known) =>
        known is { } position && Reaches(position) && position.Revision >= _far ? _difference?.Since == known : HasSnapshot;

    /// <summary>Whether the text of all items exists.</summary>
    public bool HasSnapshot => _snapshot is not null;

    /// <summary>Whether there is a difference from a position to now.</summary>
    public bool Reaches(Position position) =>
        position.Epoch == Position.Epoch && position.Revision >= _log.HistoryStart && position.Revision <= Position.Revision;

    /// <summary>Whether there is a difference from a position to now that is not large.</summary>
    private bool IsNear(Position? known)
    {
        if (known is not { } position || !Reaches(position) || position.Revision < _far) return false;
        if (position.Revision >= _near) return true;
        if (_log.ChangesExceed(Math.Max(SmallDifferenceBytes, _log.Bytes / 2), position.Revision, out var reached))
        {
            _far = reached;
            return false;
        }
        _near = position.Revision;
        return true;
    }

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
