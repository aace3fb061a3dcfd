using BenchmarkDotNet.Attributes;

namespace SharedState.Micro;

/// <summary>Applying an update of one item of 100 bytes: the notification is written once, offered to each subscriber's outbox, and taken
/// from it.</summary>
public class Changes
{
    private Arrangement _collection = null!;

    [Params(0, 1, 100, 1_000)]
    public int Subscribers { get; set; }

    [GlobalSetup]
    public void Prepare() => _collection = new(items: 1_000, Subscribers);

    [Benchmark]
    public void Apply() => _collection.Apply();
}
