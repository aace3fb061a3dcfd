namespace SharedState.Host.Storages;

/// <summary>The instance that a service uses, and where instances come from. Any thread reads; one attempt to open, or one exchange, writes
/// at a time.</summary>
internal sealed class StorageInUse(StorageSource source)
{
    private volatile StorageSource _source = source;
    private volatile IItemService? _service;

    /// <summary>Where instances come from.</summary>
    public StorageSource Source
    {
        get => _source;
        set => _source = value;
    }

    /// <summary>The open instance; null if none is open.</summary>
    public IItemService? Service
    {
        get => _service;
        set => _service = value;
    }
}
