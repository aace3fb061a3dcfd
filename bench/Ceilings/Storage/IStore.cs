namespace SharedState.Bench.Ceilings.Storage;

/// <summary>Something that is written to, again and again, each time to the disk.</summary>
internal interface IStore : IDisposable
{
    /// <summary>Writes, and returns when it is on the disk.</summary>
    /// <returns>How much of what is counted it was.</returns>
    int Store();
}
