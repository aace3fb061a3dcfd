using SharedState.Host.Conditions;

namespace SharedState.Host.Contents;

/// <summary>The texts of a view that contains the items of a filter.</summary>
internal class FilterBodies(ItemLog log, MemoryBudget memory, TextQuota quota, Filters filters, Filter filter, ViewDefinition definition)
    : Bodies(log, memory, quota)
{
    // A larger difference is sent only if it has less than half of the bytes of all items. It may be of no use: it has the ids of all items
    // that changed and are not in the view.
    private const long SmallBytes = 4 << 10;

    private readonly Projection? _fields = definition.Fields;
    private long? _bytes; // of the items; unknown before they are needed

    /// <summary>The position at which the view has changed last.</summary>
    public Position ChangedAt { get; private set; } = log.Position;

    /// <summary>Whether the current update changed the total of a view with a limit.</summary>
    public virtual bool TotalChanged => false;

    /// <summary>Whether <see cref="Bodies.TryPrepare"/> has begun, and must go on.</summary>
    public virtual bool IsBeingPrepared => filter.Place is var (index, _) && index.IsBeingBuilt;

    protected Filter Filter => filter;

    protected Filters Filters => filters;

    protected ViewDefinition Definition { get; } = definition;

    // A text that was never made is assumed to be small, because most views are.
    protected override long MostBytes => (_bytes ?? 0) + filters.BytesToBuild(filter);

    public override bool IsCurrent(Position? known) =>
        known is { } position && position.Epoch == ChangedAt.Epoch && position.Revision >= ChangedAt.Revision;

    public override void Replace(ItemLog log)
    {
        if (log.Position != Position) ChangedAt = log.Position;
        base.Replace(log);
        _bytes = null;
    }

    // Where there is no memory for it, there is nothing to build either.
    public override bool TryPrepare(Position? known) =>
        filters.BytesToBuild(filter) == 0 || (!IsBeingPrepared && !HasRoom(null)) || filters.TryBuild(filter);

    /// <summary>Makes what the next change needs.</summary>
    public virtual void Prepare()
    {
    }

    /// <summary>The view has changed.</summary>
    public void Change()
    {
        Forget();
        ChangedAt = Position;
    }

    /// <summary>All items of the collection were replaced.</summary>
    public virtual void Reset()
    {
        Change();
        _bytes = null;
    }

    /// <summary>Describes the effect of the current update on the view.</summary>
    public virtual void Describe(ViewChange change)
    {
        foreach (var (item, was, matches) in filter.Changes)
        {
            if (!matches) Remove(change, item);
            else Insert(change, item, was);
        }
    }

    public override void WriteChanges(TextBuffer text, long since, Cuts? cuts = null)
    {
        var change = new ViewChange();
        foreach (var entry in Log.Since(since))
        {
            if (!entry.Removed && filters.Matches(filter, entry.Json)) change.Insert(Content(entry.Json));
            else change.Remove(entry.Id);
        }
        change.Write(text, cuts);
    }

    protected override bool IsNear(Position? known)
    {
        if (known is not { } position || !Reaches(position)) return false;
        var most = Math.Max(SmallBytes, (_bytes ?? Log.Bytes) / 2);
        foreach (var entry in Log.Since(position.Revision))
        {
            // The id of a hidden item must not be revealed. Nobody knows any more whether a removed item was hidden.
            if (filter.Hides && (entry.Removed || filters.Hides(filter, entry.Json))) return false;
            most -= !entry.Removed && filters.Matches(filter, entry.Json) ? entry.Json.Length : entry.Id.Length;
            if (most < 0) return false;
        }
        return true;
    }

    protected override byte[] CopyItems(Cuts cuts) => Copy(filters.ItemsOf(filter), cuts);

    protected byte[] Copy(IEnumerable<ItemEntry> items, Cuts cuts)
    {
        var text = new TextBuffer();
        var bytes = 0L;
        text.Write("["u8);
        foreach (var entry in items)
        {
            if (text.Length > 1)
            {
                text.Write(","u8);
                cuts.Note(text.Length);
            }
            var content = Content(entry.Json);
            text.Write(content.Span);
            bytes += entry.Json.Length;
        }
        text.Write("]"u8);
        _bytes = bytes;
        var taken = text.Take();
        text.Release();
        return taken;
    }

    /// <summary>What the view has of an item.</summary>
    protected ReadOnlyMemory<byte> Content(ReadOnlyMemory<byte> item) => _fields?.Apply(item) ?? item;

    /// <summary>An item leaves the view.</summary>
    protected void Remove(ViewChange change, ItemChange item)
    {
        change.Remove(item.Entry.Id);
        _bytes -= item.Before.Length;
    }

    /// <summary>An item enters the view, or changes in it.</summary>
    /// <param name="change">Gets the item, if the view has something new of it.</param>
    /// <param name="item">The item.</param>
    /// <param name="was">Whether it was in the view.</param>
    protected void Insert(ViewChange change, ItemChange item, bool was)
    {
        _bytes += item.Entry.Json.Length - (was ? item.Before.Length : 0);
        var content = Content(item.Entry.Json);
        if (!was || _fields is null || !content.Span.SequenceEqual(Content(item.Before).Span)) change.Insert(content);
    }
}
