using Microsoft.Extensions.Logging.Abstractions;
using SharedState.Host.Storages;

namespace SharedState.Host.Tests.Storages;

/// <summary>The time limit of a commit ends that commit and no other.</summary>
public sealed class StorageCommitTests
{
    private static readonly ItemUpdate[] Batch = [new() { Key = new("app", "a") }];

    /// <summary>The limit of a commit passes at the moment in which the commit ends and the next one starts.</summary>
    [Fact]
    public async Task ALimitThatPassesWhileACommitEndsDoesNotCancelTheNextOne()
    {
        for (var run = 0; run < 2_000; run++)
        {
            var time = new ManualTime();
            using var health = new StorageHealth(() => Task.CompletedTask, NullLogger.Instance, "items", time);
            using var commit = new StorageCommit(TaskScheduler.Default, time, health);
            Service first = new(), second = new();
            using var both = new Barrier(2);
            var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            commit.Start(first, Batch, TimeSpan.FromMilliseconds(10), _ =>
            {
                commit.Start(second, Batch, TimeSpan.FromMinutes(10), _ => { });
                started.SetResult();
            });
            time.Now += TimeSpan.FromMilliseconds(20).Ticks;
            var fire = Task.Factory.StartNew(
                () =>
                {
                    both.SignalAndWait();
                    time.Fire();
                },
                TaskCreationOptions.LongRunning);
            both.SignalAndWait();
            Thread.SpinWait(run % 60);
            first.Done.TrySetResult([new(CommitStatus.Committed, new("e", 1))]);
            await fire;
            await started.Task.WaitAsync(TimeSpan.FromSeconds(20));
            Assert.False(second.Token.IsCancellationRequested, $"run {run}: the next commit, whose limit is ten minutes, was cancelled");
            second.Done.TrySetResult([new(CommitStatus.Committed, new("e", 2))]);
        }
    }

    /// <summary>Commits when the test says so, on the calling thread.</summary>
    private sealed class Service : IItemService
    {
        public TaskCompletionSource<IReadOnlyList<CommitResult>> Done { get; } = new();

        public CancellationToken Token { get; private set; }

        public bool CommitsAtOnce => true;

        public ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop) => default;

        public ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop) => throw new NotSupportedException();

        public ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop)
        {
            Token = stop;
            return new(Done.Task);
        }

        public IAsyncEnumerable<CollectionKey> ListAsync(string? app, CancellationToken stop) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => default;
    }

    /// <summary>A clock that the test moves, with one timer that the test fires.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private TimerCallback _callback = null!;
        private object? _state;
        private long _now = 1;

        public ref long Now => ref _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Volatile.Read(ref _now);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (_callback, _state) = (callback, state);
            return new NoTimer();
        }

        public void Fire() => _callback(_state);

        private sealed class NoTimer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => default;
        }
    }
}
