namespace SharedState.Host.Connections;

/// <summary>Bytes that many connections may hold together.</summary>
internal sealed class ByteBudget(long limit)
{
    private long _used;

    public long Used => Interlocked.Read(ref _used);

    /// <summary>Takes bytes out of the budget; false, and nothing taken, if there are not that many left.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= limit) return true;
        Return(bytes);
        return false;
    }

    public void Return(long bytes) => Interlocked.Add(ref _used, -bytes);
}
