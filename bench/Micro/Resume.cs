using BenchmarkDotNet.Attributes;

namespace SharedState.Micro;

/// <summary>What one gets who comes back after 100 changes.</summary>
public class Resume
{
    private Arrangement _collection = null!;
    private Position _since;

    [Params(1_000, 100_000)]
    public int Items { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        _collection = new(Items, subscribers: 0);
        _since = _collection.Advance(updates: 100);
    }

    [Benchmark]
    public object Difference() => _collection.FrameSince(_since);
}
