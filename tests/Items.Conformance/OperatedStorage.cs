namespace SharedState.Items.Conformance;

/// <summary>
/// The storage of a test in the hands of its operator: it is killed, and an older copy is put in its place.
/// <see cref="OperatedFolder"/> does this for a storage in files. A plugin for a server kills the server and starts it again.
/// </summary>
public abstract class OperatedStorage : IAsyncDisposable
{
    /// <summary>Ends the storage as kill -9 does, while services have it open and no call runs.</summary>
    public abstract Task KillAsync();

    /// <summary>Starts the storage again, as the kill left it. All services are closed.</summary>
    public abstract Task StartAsync();

    /// <summary>Takes a copy of the storage. All services are closed.</summary>
    public abstract Task SaveAsync();

    /// <summary>Puts the copy in the place of the storage. All services are closed.</summary>
    public abstract Task RestoreAsync();

    /// <summary>Deletes the copies.</summary>
    public abstract ValueTask DisposeAsync();
}
