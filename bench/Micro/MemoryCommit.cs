using BenchmarkDotNet.Attributes;

namespace SharedState.Micro;

/// <summary>A commit of single-item updates to a database in memory.</summary>
public class MemoryCommit
{
    private IItemService _service = null!;
    private ItemUpdate[][] _batches = [];
    private int _next;

    [Params(1, 64, 1_024)]
    public int Batch { get; set; }

    [GlobalSetup]
    public async Task OpenAsync()
    {
        _service = await Storage.OpenAsync(":memory:");
        _batches = Updates.Batches(10_240, Batch);
        foreach (var batch in _batches) await _service.CommitAsync(batch, CancellationToken.None);
    }

    [GlobalCleanup]
    public async Task CloseAsync() => await _service.DisposeAsync();

    [Benchmark]
    public ValueTask<IReadOnlyList<CommitResult>> Commit() =>
        _service.CommitAsync(_batches[_next++ % _batches.Length], CancellationToken.None);
}
