namespace SharedState.Host.Contents;

/// <summary>The change of a view by one update. The object is reused for the next change.</summary>
internal sealed class ViewChange
{
    // Messages share the text of a larger change instead of copying it.
    private const long LargeBytes = 16 << 10;

    private readonly List<string> _removed = [];
    private readonly List<ReadOnlyMemory<byte>> _inserted = [];
    private long _bytes;

    /// <summary>The position at which the view had changed last: each follower was told that or a later one, and the view has had one
    /// state since.</summary>
    public Position Before { get; private set; }

    /// <summary>The position after the update.</summary>
    public Position After { get; private set; }

    /// <summary>For a view with a limit: the resulting number of items that match; otherwise null.</summary>
    public long? Total { get; set; }

    /// <summary>Whether no item enters, leaves or changes.</summary>
    public bool IsEmpty => _removed.Count == 0 && _inserted.Count == 0;

    /// <summary>Whether messages should share the text.</summary>
    public bool IsLarge => _bytes > LargeBytes;

    /// <summary>Begins an empty change.</summary>
    public void Begin(Position before, Position after)
    {
        (Before, After, Total, _bytes) = (before, after, null, 0);
        _removed.Clear();
        _inserted.Clear();
    }

    /// <summary>An item leaves the view.</summary>
    public void Remove(string id)
    {
        _removed.Add(id);
        _bytes += id.Length;
    }

    /// <summary>An item enters the view, or changes in it.</summary>
    public void Insert(ReadOnlyMemory<byte> item)
    {
        _inserted.Add(item);
        _bytes += item.Length;
    }

    /// <summary>Writes the list of removed ids, <c>,"insert":</c>, and the list of items.</summary>
    /// <param name="text">Gets the change.</param>
    /// <param name="cuts">Gets the places at which the text may be cut; null if it will not be cut.</param>
    public void Write(TextBuffer text, Cuts? cuts)
    {
        text.Write("["u8);
        for (var index = 0; index < _removed.Count; index++)
        {
            if (index > 0) text.Write(","u8);
            cuts?.Note(text.Length);
            text.WriteString(_removed[index]);
        }
        var removedEnd = text.Length;
        text.Write("],\"insert\":"u8);
        cuts?.NoteItems(removedEnd, text.Length + 1);
        text.Write("["u8);
        for (var index = 0; index < _inserted.Count; index++)
        {
            if (index > 0) text.Write(","u8);
            cuts?.Note(text.Length);
            text.Write(_inserted[index].Span);
        }
        text.Write("]"u8);
    }
}
