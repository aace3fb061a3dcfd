using SharedState.Host.Storages;

namespace SharedState.Host.Collections;

/// <summary>
/// Lets the storage forget collections that were emptied and not used for a while, so that their revisions and the ids of removed items do
/// not stay forever. The storage lists such collections, the host measures the time, and the storage forgets only collections that are
/// still at the same position.
/// </summary>
/// <param name="storage">The storage.</param>
/// <param name="collections">The collections in memory.</param>
/// <param name="limits">How long a collection is kept.</param>
/// <param name="time">The time.</param>
/// <param name="post">Hands work to a turn.</param>
/// <param name="stop">The service ends.</param>
internal sealed class Forgetting(
    ServiceStorage storage, CollectionCache collections, Limits limits, TimeProvider time, Action<Work> post, CancellationToken stop)
{
    // The limit of one pass; the next pass continues. A higher limit would take memory without forgetting collections sooner.
    private const int MostCandidates = 100_000;

    // A storage in memory does not outlive the service, so the history of an emptied collection is of little use.
    private static readonly TimeSpan LongestInMemory = TimeSpan.FromMinutes(1);

    private readonly Dictionary<CollectionKey, (Position At, long Since)> _candidates = []; // owned by the run

    private Task _run = Task.CompletedTask;
    private bool _started;

    /// <summary>The storage is open: looks for emptied collections at intervals, until the service ends.</summary>
    public void Start()
    {
        if (_started) return;
        _started = true;
        _run = RunAsync();
    }

    /// <summary>Completes when the requested end of the service has happened; a plugin that does not return is abandoned.</summary>
    public async Task EndAsync() => await _run.WaitAsync(StorageCommit.CancelTime, time)
        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    private async Task RunAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            var kept = Kept;
            await Task.Delay(kept / 4, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested || !storage.IsOpen) continue;
            try
            {
                await LookAsync(kept);
            }
            catch (ItemServiceException exception)
            {
                WriterLog.ForgetFailed(storage.Logger, storage.ServiceName, WriterLog.Reason(exception), WriterLog.Trace(exception));
            }
        }
    }

    private TimeSpan Kept => storage.IsInMemory && limits.EmptyTime > LongestInMemory ? LongestInMemory : limits.EmptyTime;

    private async Task LookAsync(TimeSpan kept)
    {
        var emptied = await storage.ListEmptiedAsync(MostCandidates);
        var now = time.GetTimestamp();

        // :: 1. A collection that has changed or vanished is no longer a candidate; its time starts again.
        var found = new Dictionary<CollectionKey, Position>();
        foreach (var collection in emptied) found[collection.Key] = collection.Position;
        foreach (var (key, candidate) in _candidates)
        {
            if (!found.TryGetValue(key, out var at) || at != candidate.At) _candidates.Remove(key);
        }

        // :: 2. The time of the others continues.
        foreach (var (key, at) in found)
        {
            if (_candidates.TryAdd(key, (at, now)) || time.GetElapsedTime(_candidates[key].Since, now) < kept) continue;
            if (!await LeavesMemoryAsync(key))
            {
                _candidates[key] = (at, now); // it is used
                continue;
            }
            if (await storage.ForgetAsync(key, at)) _candidates.Remove(key);
            post(new Step(() => Reread(key)));
        }
    }

    /// <summary>Takes a collection out of memory; false if it is in use and must not be forgotten.</summary>
    private Task<bool> LeavesMemoryAsync(CollectionKey key)
    {
        var left = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        post(new Step(() => left.SetResult(collections.TryDrop(key)), abandon: () => left.TrySetResult(false)));
        return left.Task;
    }

    /// <summary>A collection that returned to memory meanwhile may have been read before it was forgotten.</summary>
    private void Reread(CollectionKey key)
    {
        if (collections.TryFind(key) is { Standing.WasRead: true } collection) collections.Load(collection);
    }
}
