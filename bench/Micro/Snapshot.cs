using BenchmarkDotNet.Attributes;

namespace SharedState.Micro;

/// <summary>What one gets who comes for the first time: a collection of 10,000 items of 100 bytes, serialized anew.</summary>
public class Snapshot
{
    private readonly Arrangement _collection = new(items: 10_000, subscribers: 0);

    [Benchmark]
    public object Whole() => _collection.FrameSince(null);
}
