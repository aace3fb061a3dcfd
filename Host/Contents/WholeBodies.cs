namespace SharedState.Host.Contents;

/// <summary>The texts of the view that contains the whole collection.</summary>
internal sealed class WholeBodies(ItemLog log, MemoryBudget memory, TextQuota quota) : Bodies(log, memory, quota)
{
    private long _far, _near = long.MaxValue; // differences since before the first are large, those since the second, and later, are not

    public override void Forget()
    {
        base.Forget();
        (_far, _near) = (0, long.MaxValue);
    }

    public override void WriteChanges(TextBuffer text, long since, Cuts? cuts = null)
    {
        var changed = Log.Since(since);
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

    protected override bool IsNear(Position? known)
    {
        if (known is not { } position || !Reaches(position) || position.Revision < _far) return false;
        if (position.Revision >= _near) return true;
        if (Log.ChangesExceed(Math.Max(SmallDifferenceBytes, Log.Bytes / 2), position.Revision, out var reached))
        {
            _far = reached;
            return false;
        }
        _near = position.Revision;
        return true;
    }

    protected override bool MayBeNear(Position known) => known.Revision >= _far;

    // The length is known, so that a large text is not copied while it grows.
    protected override byte[] CopyItems(Cuts cuts)
    {
        var text = GC.AllocateUninitializedArray<byte>(checked((int)(Log.Bytes + Math.Max(0, Log.Count - 1) + 2)));
        var at = 0;
        text[at++] = (byte)'[';
        foreach (var entry in Log.All)
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
