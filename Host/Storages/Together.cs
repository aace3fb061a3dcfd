namespace SharedState.Host.Storages;

/// <summary>
/// Takes several services through a replacement in step, and all of them or none: two versions of a plugin may share a file (two tables of
/// one database, say), and two copies of a database's library on one file break each other's locks. So nobody opens the one before all have
/// closed the other.
/// </summary>
internal sealed class Together(int services)
{
    /// <summary>Why a service goes back although the other plugin opened for it.</summary>
    public static readonly ItemServiceException Failure = new(
        ItemServiceFault.Unavailable, "it failed for another service, and all that use the plugin stay together");

    private readonly Lock _gate = new();

    // All guarded by _gate.
    private readonly TaskCompletionSource<bool>[] _steps = [New(), New(), New()]; // all have closed, opened, closed again
    private readonly int[] _arrived = new int[3];
    private int _left;    // how many take part no more
    private bool _failed; // whether it was in vain for any of them

    /// <summary>A service has closed the old one. True when all have, and the new one may be opened; false where that would be in
    /// vain.</summary>
    public Task<bool> ClosedAsync() => ArriveAsync(0, failed: false);

    /// <summary>A service has opened the new one, or could not. True when all have; false where any could not.</summary>
    public Task<bool> OpenedAsync(bool failed) => ArriveAsync(1, failed);

    /// <summary>A service has closed the new one again. The old one may be opened when all have.</summary>
    public Task ClosedAgainAsync() => ArriveAsync(2, failed: false);

    /// <summary>A service is done, at whatever step, and nobody waits for it any more.</summary>
    public void Leave(bool failed)
    {
        lock (_gate)
        {
            _left++;
            _failed |= failed;
            Look();
        }
    }

    private Task<bool> ArriveAsync(int step, bool failed)
    {
        lock (_gate)
        {
            _arrived[step]++;
            _failed |= failed;
            Look();
            return _steps[step].Task;
        }
    }

    private void Look()
    {
        for (var step = 0; step < _steps.Length; step++)
        {
            if (_arrived[step] + _left >= services) _steps[step].TrySetResult(!_failed);
        }
    }

    private static TaskCompletionSource<bool> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
