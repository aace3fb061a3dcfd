namespace SharedState.Items.Sqlite;

/// <summary>How much a batch may write, at most.</summary>
/// <param name="Rows">How many items it inserts or removes.</param>
/// <param name="ItemBytes">The bytes of the items that it inserts.</param>
internal readonly record struct WriteSize(long Rows, long ItemBytes)
{
    private const long PageBytes = 4096;

    /// <summary>A row's page in the table, in its key and among the removals.</summary>
    private const long PagesOfRow = 3;

    /// <summary>The pages that each commit changes: the store, the collection, what leads to them.</summary>
    private const long PagesOfCommit = 16;

    /// <summary>What the keys of a row take: its id, twice.</summary>
    private const long KeyBytes = 2048;

    /// <summary>What is written for a collection as a whole.</summary>
    public static WriteSize Smallest => default;

    public static WriteSize Of(IReadOnlyList<ItemUpdate> batch)
    {
        var (rows, bytes) = (0L, 0L);
        for (var i = 0; i < batch.Count; i++)
        {
            var insert = batch[i].Insert;
            rows += batch[i].Remove.Count + insert.Count;
            for (var n = 0; n < insert.Count; n++) bytes += insert[n].Json.Length;
        }
        return new WriteSize(rows, bytes);
    }

    /// <summary>The bytes, if no two rows share a page.</summary>
    public long Most => ItemBytes + (PageBytes * (PagesOfCommit + (Rows * PagesOfRow)));

    /// <summary>The bytes in a database of this size: each of its pages is written once.</summary>
    public long In(long databaseBytes) => Math.Min(Most, ItemBytes + (PageBytes * PagesOfCommit) + databaseBytes + (Rows * KeyBytes));
}
