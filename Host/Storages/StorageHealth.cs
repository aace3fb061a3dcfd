using SharedState.Host.Diagnostics;

namespace SharedState.Host.Storages;

/// <summary>The kinds of storage calls that fail independently: a full disk refuses commits and answers reads.</summary>
internal enum StorageCall
{
    Read,
    Commit,
    Watch,

    /// <summary>Opening fails and is tried again elsewhere; it is only counted here.</summary>
    Open,
}

/// <summary>
/// Whether a service's storage works, by the last call of each kind. While the last read or commit has failed, the storage is probed:
/// clients may have moved to other hosts, so that none of their calls would show that the storage is back. Any thread.
/// </summary>
/// <param name="probe">Reads a small amount of data from the storage; <see cref="Note"/> gets the outcome like that of any read.</param>
/// <param name="logger">The service's logger.</param>
/// <param name="service">The service's name.</param>
/// <param name="time">The time.</param>
internal sealed class StorageHealth(Func<Task> probe, ILogger logger, string service, TimeProvider time) : IDisposable
{
    // No probe writes. So a failed commit is forgiven when reads succeed and no commit has failed for this time.
    private static readonly TimeSpan CommitTime = TimeSpan.FromSeconds(10);

    // By the value of StorageCall.
    private static readonly string[] Calls = ["read", "commit", "watch", "open"];

    // By the value of ItemServiceFault.
    private static readonly string[] Faults = ["unavailable", "outcome_unknown", "too_large", "rejected", "config", "unusable"];

    private readonly CancellationTokenSource _end = new();
    private readonly Lock _gate = new();

    // Written under _gate. A call that succeeds reads its entry without it: a failure at the same time may be before or after it.
    private readonly ItemServiceException?[] _failures = new ItemServiceException?[Calls.Length];
    private readonly long[] _since = new long[Calls.Length]; // when the failures began
    private long _commitFailedAt;
    private bool _probing;

    /// <summary>The service's name.</summary>
    public string Service => service;

    /// <summary>The reason why the storage does not work; null if it works.</summary>
    public ItemServiceException? Trouble
    {
        get
        {
            lock (_gate) return Array.Find(_failures, failure => failure is not null);
        }
    }

    /// <summary>A call has ended.</summary>
    /// <param name="call">The kind of the call.</param>
    /// <param name="failure">The failure; null if the call succeeded.</param>
    public void Note(StorageCall call, ItemServiceException? failure)
    {
        if (failure is not null)
        {
            HostMeter.StorageErrors.Add(
                1, HostMeter.Service(service), new("call", Calls[(int)call]), new("fault", Faults[(int)failure.Fault]));
        }
        if (call == StorageCall.Open) return;

        // The storage answered: it refuses this update, or the host has no memory for the collection.
        if (failure is { Fault: ItemServiceFault.TooLarge or ItemServiceFault.Rejected } or { InnerException: OutOfMemoryException })
            failure = null;
        if (failure is not null) Fail(call, failure);
        else if (Volatile.Read(ref _failures[(int)call]) is not null) Forgive(call);
    }

    /// <summary>Another storage has replaced the previous one.</summary>
    public void Clear()
    {
        lock (_gate) Array.Clear(_failures);
    }

    public void Dispose()
    {
        lock (_gate) _probing = true; // no more
        _end.Cancel();
        _end.Dispose();
    }

    private void Fail(StorageCall call, ItemServiceException failure)
    {
        lock (_gate)
        {
            if (_failures[(int)call] is null) _since[(int)call] = time.GetTimestamp();
            _failures[(int)call] = failure;
            if (call == StorageCall.Commit) _commitFailedAt = time.GetTimestamp();
            // A feed that fails is begun again by itself.
            if (call == StorageCall.Watch || _probing) return;
            _probing = true;
        }
        _ = ProbeAsync(_end.Token);
    }

    /// <summary>Logs the end of failures that were logged.</summary>
    private void Forgive(StorageCall call)
    {
        TimeSpan duration;
        lock (_gate)
        {
            if (_failures[(int)call] is null) return;
            _failures[(int)call] = null;
            duration = time.GetElapsedTime(_since[(int)call]);
        }
        if (call == StorageCall.Commit) WriterLog.CommitsAgain(logger, service, duration.TotalSeconds);
        else if (call == StorageCall.Read) WriterLog.ReadsAgain(logger, service, duration.TotalSeconds);
    }

    private async Task ProbeAsync(CancellationToken end)
    {
        for (var attempt = 1; IsDue(); attempt++)
        {
            await Task.Delay(Backoff.After(attempt), time, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (end.IsCancellationRequested) return;
            try
            {
                await probe();
                if (IsOver()) Forgive(StorageCall.Commit);
            }
            catch (ItemServiceException)
            {
                // It was noted as that of any read.
            }
        }
    }

    private bool IsDue()
    {
        lock (_gate) return _probing = _failures[(int)StorageCall.Read] is not null || _failures[(int)StorageCall.Commit] is not null;
    }

    private bool IsOver()
    {
        lock (_gate) return time.GetElapsedTime(_commitFailedAt) >= CommitTime;
    }
}
