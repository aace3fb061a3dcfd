using SharedState.Host.Diagnostics;

namespace SharedState.Host.Storages;

/// <summary>The outcome of a commit: a result for each update, or the reason why there are none.</summary>
internal sealed record CommitOutcome(CommitResult[]? Results, ItemServiceException? Failure);

/// <summary>
/// The commit of a service, one at a time. Runs the plugin's call on a separate thread, because it may block, unless the plugin commits
/// synchronously. Gives up on the call after a limit, and reports the outcome exactly once. Reused from commit to commit, with a single
/// timer.
/// </summary>
internal sealed class StorageCommit : IDisposable
{
    // The time in which a cancelled call should end.
    public static readonly TimeSpan CancelTime = TimeSpan.FromMilliseconds(500);

    private readonly TaskScheduler _scheduler;
    private readonly TimeProvider _time;
    private readonly StorageHealth _health;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();

    // Set before the call starts, of which there is one at a time.
    private IItemService _service = null!;
    private IReadOnlyList<ItemUpdate> _batch = [];

    // Guarded by _gate.
    private CancellationTokenSource _cancel = new();
    private Action<CommitOutcome>? _done; // gets the outcome; null when it was told
    private bool _running;                   // the plugin's call has not ended
    private bool _cancelled;                 // and was asked to
    private long _startedAt, _limitedAt;     // when the call and the limit began, by the monotonic clock
    private TimeSpan _limit;

    public StorageCommit(TaskScheduler scheduler, TimeProvider time, StorageHealth health)
    {
        (_scheduler, _time, _health) = (scheduler, time, health);
        _timer = time.CreateTimer(
            static state => ((StorageCommit)state!).OnTime(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether an abandoned call has not ended, so that its batch may still be stored.</summary>
    public bool Stuck
    {
        get { lock (_gate) return _running && _done is null; }
    }

    /// <summary>Starts a commit. The one before must have ended.</summary>
    /// <param name="service">The plugin's service.</param>
    /// <param name="batch">The updates; must not change any more.</param>
    /// <param name="limit">How long to wait for the call.</param>
    /// <param name="done">Gets the outcome, once, from any thread.</param>
    public void Start(IItemService service, IReadOnlyList<ItemUpdate> batch, TimeSpan limit, Action<CommitOutcome> done)
    {
        lock (_gate)
        {
            (_service, _batch, _done, _running) = (service, batch, done, true);
            // A cancelled call may still look at the old one, which is left to the garbage collector.
            if (_cancelled) (_cancel, _cancelled) = (new(), false);
            SetLimit(limit);
            _startedAt = _limitedAt;
        }
        if (service.CommitsAtOnce) _ = CallAsync();
        else
            _ = Task.Factory.StartNew(
                static state => ((StorageCommit)state!).CallAsync(), this, CancellationToken.None, TaskCreationOptions.DenyChildAttach,
                _scheduler);
    }

    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            if (!_running) _cancel.Dispose();
        }
    }

    private async Task CallAsync()
    {
        CommitOutcome outcome;
        CancellationToken token;
        lock (_gate) token = _cancel.Token; // the commit's own: the next one may have another
        try
        {
            var results = await _service.CommitAsync(_batch, token);
            outcome = new(results as CommitResult[] ?? [.. results], null);
        }
        catch (Exception exception)
        {
            outcome = new(null, exception switch
            {
                ItemServiceException fault => fault,
                OperationCanceledException when token.IsCancellationRequested => StorageFault.Silent(ItemServiceFault.OutcomeUnknown),
                _ => StorageFault.Unexpected(ItemServiceFault.OutcomeUnknown, exception),
            });
        }
        Action<CommitOutcome>? done;
        lock (_gate)
        {
            (done, _done, _running) = (_done, null, false);
            if (done is not null) _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
        if (done is not null) End(done, outcome);
    }

    /// <summary>The limit has passed: cancels the call, and gives up on it a while later.</summary>
    private void OnTime()
    {
        Action<CommitOutcome>? done = null;
        CancellationTokenSource cancel;
        lock (_gate)
        {
            if (_done is null) return;
            cancel = _cancel; // outside of the lock it may be that of the next commit
            // The timer may have been on its way for the commit before, which has ended.
            if (_limit - _time.GetElapsedTime(_limitedAt) is var left && left > TimeSpan.Zero)
            {
                _timer.Change(left, Timeout.InfiniteTimeSpan);
                return;
            }
            if (_cancelled) (done, _done) = (_done, null);
            else SetLimit(CancelTime);
            _cancelled = true;
        }
        // Cancelling runs the plugin's own callbacks, which may hang, on a thread of their own.
        if (done is null) _ = cancel.CancelAsync();
        else End(done, new(null, StorageFault.Silent(ItemServiceFault.OutcomeUnknown)));
    }

    private void End(Action<CommitOutcome> done, CommitOutcome outcome)
    {
        HostMeter.CommitDuration.Record(
            _time.GetElapsedTime(_startedAt).TotalSeconds, HostMeter.Service(_health.Service), HostMeter.Outcome(outcome.Failure is null));
        _health.Note(StorageCall.Commit, outcome.Failure);
        done(outcome);
    }

    private void SetLimit(TimeSpan limit)
    {
        (_limit, _limitedAt) = (limit, _time.GetTimestamp());
        _timer.Change(limit, Timeout.InfiniteTimeSpan);
    }
}
