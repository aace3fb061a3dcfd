using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SharedState.Host.Storages;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Storages;

/// <summary>What is known of a storage by its last calls.</summary>
public sealed class StorageHealthTests : IDisposable
{
    private static readonly ItemServiceException Away = new(ItemServiceFault.Unavailable, "away");

    private readonly FakeTimeProvider _time = new();
    private readonly StorageHealth _health;
    private int _probes;
    private bool _answers;

    public StorageHealthTests() => _health = new(ProbeAsync, NullLogger.Instance, "items", _time);

    public void Dispose() => _health.Dispose();

    [Fact]
    public async Task AStorageThatNobodyCallsIsProbedUntilItAnswers()
    {
        _health.Note(StorageCall.Read, Away);
        await AdvanceUntilAsync(() => _probes > 3);
        Assert.Same(Away, _health.Trouble);
        _answers = true;
        await AdvanceUntilAsync(() => _health.Trouble is null);
        var probes = _probes;
        for (var second = 0; second < 30; second++) _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(probes, _probes);
    }

    [Fact]
    public async Task AFailedCommitIsForgivenWhenReadsSucceedAndNoCommitHasFailedForTenSeconds()
    {
        _answers = true;
        _health.Note(StorageCall.Commit, Away);
        for (var second = 0; second < 30; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            _health.Note(StorageCall.Read, null);
            Assert.NotNull(_health.Trouble);
            _health.Note(StorageCall.Commit, Away);
        }
        var failed = _time.GetTimestamp();
        await AdvanceUntilAsync(() => _health.Trouble is null);
        Assert.True(_time.GetElapsedTime(failed) >= TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void ARefusedUpdateIsAnAnswer()
    {
        _health.Note(StorageCall.Commit, new(ItemServiceFault.TooLarge, "too large"));
        _health.Note(StorageCall.Read, new(ItemServiceFault.Unavailable, "no memory", new InsufficientMemoryException()));
        Assert.Null(_health.Trouble);
        _health.Note(StorageCall.Commit, Away);
        _health.Note(StorageCall.Commit, new(ItemServiceFault.Rejected, "a trigger"));
        Assert.Null(_health.Trouble);
    }

    private Task AdvanceUntilAsync(Func<bool> condition) => Wait.UntilAsync(
        () =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            return condition();
        },
        "the probes");

    private Task ProbeAsync()
    {
        Interlocked.Increment(ref _probes);
        var failure = _answers ? null : Away;
        _health.Note(StorageCall.Read, failure);
        return failure is null ? Task.CompletedTask : Task.FromException(failure);
    }
}
