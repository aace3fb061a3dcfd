namespace SharedState.Items.Conformance;

/// <summary>
/// A way to the storage of a test on which one commit can be held back: its service loses the connection without an answer, and the storage
/// gets the COMMIT later. It is what a partition, a stalled disk, or a replica that does not confirm do to a database.
/// </summary>
public abstract class HeldCommit : IAsyncDisposable
{
    /// <summary>The configuration that leads to the storage on this way.</summary>
    public abstract IReadOnlyDictionary<string, string> Config { get; }

    /// <summary>Holds back the next COMMIT.</summary>
    public abstract void Hold();

    /// <summary>Lets it reach the storage. Returns when the storage has dealt with it, in whatever way.</summary>
    public abstract Task ReleaseAsync();

    /// <summary>Ends it.</summary>
    public abstract ValueTask DisposeAsync();
}
