namespace SharedState.Host.Contents;

/// <summary>
/// The texts of a view: all items, and differences. The most recent texts are kept and shared by all subscriptions at the same revision: a
/// thousand clients that reconnect cost one serialization.
/// </summary>
internal abstract class Bodies(ItemLog log, MemoryBudget memory, TextQuota quota)
{
    // A larger difference is sent only if it has less than half of the bytes of the whole, whose text all receivers share.
    protected const long SmallDifferenceBytes = 64 << 10;

    [ThreadStatic]
    private static TextBuffer? t_text;

    private byte[]? _snapshot;
    private Cuts? _snapshotCuts; // of _snapshot
    private Notice? _whole, _difference;

    /// <summary>The position of the collection.</summary>
    public Position Position => Log.Position;

    /// <summary>The number of items that match, with or without a place in the window; null unless the view has a limit.</summary>
    public virtual long? Total => null;

    /// <summary>Whether the text of all items exists.</summary>
    public bool HasSnapshot => _snapshot is not null;

    protected ItemLog Log { get; private set; } = log;

    protected TextQuota Quota => quota;

    /// <summary>Another log replaces the current one.</summary>
    public virtual void Replace(ItemLog log)
    {
        Log = log;
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
            quota.Note(_snapshot.Length);
        }
        return _snapshot;
    }

    /// <summary>Whether the text that <see cref="Since"/> needs can be made. If not, a part of what it needs is built: as much as the quota
    /// of this turn permits.</summary>
    public virtual bool TryPrepare(Position? known) => true;

    /// <summary>Discards the texts, because the revision changed or no client needs them any more.</summary>
    public virtual void Forget() => (_snapshot, _snapshotCuts, _whole, _difference) = (null, null, null, null);

    /// <summary>Whether a follower at a position has the present state of the view.</summary>
    public virtual bool IsCurrent(Position? known) => known == Position;

    /// <summary>
    /// The difference from a position to now if there is one that is not large, otherwise the whole. Serves the first snapshot, the resume
    /// after a reconnect, and the merged catch-up of a lagging subscription.
    /// </summary>
    public Notice Since(Position? known)
    {
        if (IsNear(known)) return Difference(known!.Value);
        if (_whole?.Position != Position) _whole = new(null, Position, Snapshot(), _snapshotCuts!, Total);
        return _whole;
    }

    /// <summary>The difference from a position to now. The position must be one that it <see cref="Reaches"/>.</summary>
    public Notice Difference(Position since)
    {
        if (IsMadeSince(since)) return _difference!;
        var text = t_text ??= new();
        text.Clear();
        var cuts = new Cuts();
        WriteChanges(text, since.Revision, cuts);
        return _difference = Lasting(since, text, cuts, Total);
    }

    /// <summary>A notice of a change that does not change any more itself.</summary>
    public Notice Lasting(ViewChange change)
    {
        var text = t_text ??= new();
        text.Clear();
        var cuts = new Cuts();
        change.Write(text, cuts);
        return Lasting(change.Before, text, cuts, change.Total);
    }

    /// <summary>Writes the difference from a revision to now: the list of removed ids, <c>,"insert":</c>, and the list of changed
    /// items.</summary>
    /// <param name="text">Gets the difference.</param>
    /// <param name="since">The revision.</param>
    /// <param name="cuts">Gets the places at which the text may be cut; null if it will not be cut.</param>
    public abstract void WriteChanges(TextBuffer text, long since, Cuts? cuts = null);

    /// <summary>Whether there is memory for the text that <see cref="Since"/> would produce. The whole bounds a difference.</summary>
    public bool HasRoom(Position? known) =>
        IsNear(known) ? IsMadeSince(known) || memory.HasRoom(0) : HasSnapshot || memory.HasRoom(MostBytes);

    /// <summary>Whether <see cref="Since"/> needs no new text, as far as that is known without a look at the items.</summary>
    public bool IsMade(Position? known) =>
        known is { } position && Reaches(position) && MayBeNear(position) ? IsMadeSince(known) : HasSnapshot;

    /// <summary>Whether there is a difference from a position to now.</summary>
    public virtual bool Reaches(Position position) =>
        position.Epoch == Position.Epoch && position.Revision >= Log.HistoryStart && position.Revision <= Position.Revision;

    /// <summary>The maximum length of the text of all items.</summary>
    protected virtual long MostBytes => Log.Bytes;

    /// <summary>Whether there is a difference from a position to now that is not large.</summary>
    protected abstract bool IsNear(Position? known);

    /// <summary>The same, as far as that is known without a look at the items.</summary>
    protected virtual bool MayBeNear(Position known) => true;

    /// <summary>All items, a JSON list.</summary>
    protected abstract byte[] CopyItems(Cuts cuts);

    private bool IsMadeSince(Position? known) => _difference is { } made && made.Since == known && made.Position == Position;

    private Notice Lasting(Position since, TextBuffer text, Cuts cuts, long? total)
    {
        var body = text.Take();
        memory.Note(body);
        quota.Note(body.Length);
        return new(since, Position, body, cuts, total);
    }
}
