namespace SharedState.Bench.Load.Workloads;

/// <summary>A kind of traffic, measured in several cells.</summary>
internal abstract class Workload
{
    /// <summary>The first part of its cells' names.</summary>
    public abstract string Name { get; }

    /// <summary>Measures the cells that are wanted.</summary>
    public abstract void Run(Bench bench);
}
