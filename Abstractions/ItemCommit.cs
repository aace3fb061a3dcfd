namespace SharedState;

/// <summary>An update that any host committed.</summary>
/// <param name="revision">The resulting revision, in the epoch of the requested position.</param>
/// <param name="update">The update. Removals without effect may be omitted.</param>
public sealed class ItemCommit(long revision, ItemUpdate update)
{
    /// <summary>The resulting revision, in the epoch of the requested position.</summary>
    public long Revision { get; } = revision;

    /// <summary>The update. Removals without effect may be omitted.</summary>
    public ItemUpdate Update { get; } = update;
}
