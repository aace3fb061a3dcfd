namespace SharedState.Bench.Load.Storages;

/// <summary>A database server on which several hosts are one, on the disk of the bench's folder.</summary>
internal abstract class Storage : IDisposable
{
    protected OwnProcess Server { get; } = new();

    /// <summary>What it has used of the processor, in nanoseconds.</summary>
    public virtual long ProcessorTime => Server.ProcessorTime;

    /// <summary>The configuration of a service that keeps its items here.</summary>
    /// <param name="table">Services with different tables have nothing in common.</param>
    public abstract string Service(string table);

    /// <summary>What it has counted since it started, by name.</summary>
    public abstract IReadOnlyDictionary<string, double> Counts();

    public virtual void Dispose() => Server.Dispose();
}
