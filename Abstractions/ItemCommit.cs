namespace SharedState;

/// <summary>An update that was committed, by whatever host.</summary>
/// <param name="revision">The revision that it led to, in the epoch of the position that was asked about.</param>
/// <param name="update">The update. Removals that had no effect may be left out.</param>
public sealed class ItemCommit(long revision, ItemUpdate update)
{
    /// <summary>The revision that it led to, in the epoch of the position that was asked about.</summary>
    public long Revision { get; } = revision;

    /// <summary>The update. Removals that had no effect may be left out.</summary>
    public ItemUpdate Update { get; } = update;
}
