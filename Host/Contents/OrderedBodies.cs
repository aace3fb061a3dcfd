namespace SharedState.Host.Contents;

/// <summary>
/// The texts of a view that contains the items of a filter in an order. They are ranked in parts before a text of all of them is made, so
/// that no turn sorts a large collection. Without a window the ranking is forgotten then: a difference needs no order.
/// </summary>
internal class OrderedBodies(
    ItemLog log, MemoryBudget memory, TextQuota quota, Filters filters, Filter filter, ViewDefinition definition)
    : FilterBodies(log, memory, quota, filters, filter, definition)
{
    // A ranking is built in parts of so many items, each of which costs about as much as so many bytes of a text: a microsecond.
    private const int PartItems = 16, ItemBytes = 1 << 10;

    public override bool IsBeingPrepared => base.IsBeingPrepared || Ranking.IsBeingBuilt;

    protected Ranking Ranking { get; } = filters.Rank(filter, definition.WindowOrder);

    protected override long MostBytes => base.MostBytes + (Ranking.Built ? 0 : Ranking.BytesFor(Log.Count));

    public override bool TryPrepare(Position? known)
    {
        if (IsNear(known)) return base.TryPrepare(known);
        if (!Ranking.Built && !Ranking.IsBeingBuilt && !HasRoom(null)) return true; // to no avail
        if (!Ranking.Built && !base.TryPrepare(known)) return false;
        while (!Ranking.Built && !Quota.Spent) BuildPart();
        return Ranking.Built;
    }

    protected override byte[] CopyItems(Cuts cuts)
    {
        Rank();
        var text = Copy(Ranking.From(0).Select(entry => entry.Item), cuts);
        if (!Filter.HasWindow(Definition.WindowOrder)) Ranking.Clear();
        return text;
    }

    /// <summary>Completes the ranking.</summary>
    protected void Rank()
    {
        while (!Ranking.Built) BuildPart();
    }

    private void BuildPart()
    {
        if (!Ranking.IsBeingBuilt) Ranking.Begin(Filter.Place is null ? Log.Entries() : Filters.ItemsOf(Filter));
        Quota.Note((PartItems * ItemBytes) + Ranking.Build(PartItems, entry => Filters.Matches(Filter, entry.Json)));
    }
}
