namespace SharedState.Bench.Load.Workloads;

/// <summary>A kind of traffic, measured in several cells.</summary>
internal abstract class Workload
{
    /// <summary>The first part of its cells' names.</summary>
    public abstract string Name { get; }

    /// <summary>Whether it is measured only if it is asked for, since it takes long and needs more than this program.</summary>
    public virtual bool OnlyByName => false;

    /// <summary>Measures the cells that are wanted.</summary>
    public abstract void Run(Bench bench);
}
