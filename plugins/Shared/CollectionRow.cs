namespace SharedState.Items;

/// <summary>Where one collection stands: its row, while a transaction reads or changes it.</summary>
internal sealed class CollectionRow
{
    /// <summary>The row's key in the tables beside the items'; 0 while the collection has no history and no row.</summary>
    public long Id { get; set; }

    public required string Epoch { get; set; }

    /// <summary>
    /// The revision at which the epoch began. Items of which the revision is not known, or from before, count as inserted there.
    /// </summary>
    public long EpochStart { get; set; }

    public long Revision { get; set; }

    public long HistoryStart { get; set; }

    /// <summary>The number of items, by which a load notices that another program added or removed some.</summary>
    public long Items { get; set; }

    /// <summary>The number of remembered removals is at most this; it is counted when it seems to be over its bound.</summary>
    public long Removals { get; set; }

    public Position Position => new(Epoch, Revision);
}
