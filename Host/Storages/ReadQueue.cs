namespace SharedState.Host.Storages;

/// <summary>The reads that wait for room: the reads of one client in order, and clients in turn. Guarded by the caller.</summary>
internal sealed class ReadQueue
{
    private readonly Dictionary<object, LinkedList<TaskCompletionSource>> _reads = [];
    private readonly LinkedList<object> _clients = []; // those with reads that wait, in the order of their turns

    /// <summary>Adds a read of a client.</summary>
    public void Add(object client, TaskCompletionSource read)
    {
        if (!_reads.TryGetValue(client, out var reads))
        {
            _reads.Add(client, reads = []);
            _clients.AddLast(client);
        }
        reads.AddLast(read);
    }

    /// <summary>Takes the next read of the client whose turn it is, or null.</summary>
    public TaskCompletionSource? Take()
    {
        if (_clients.First is not { } first) return null;
        _clients.RemoveFirst();
        var reads = _reads[first.Value];
        var read = reads.First!.Value;
        reads.RemoveFirst();
        if (reads.Count > 0) _clients.AddLast(first);
        else _reads.Remove(first.Value);
        return read;
    }

    /// <summary>Takes a read out; false if it is not here.</summary>
    public bool Remove(object client, TaskCompletionSource read)
    {
        if (!_reads.TryGetValue(client, out var reads) || !reads.Remove(read)) return false;
        if (reads.Count > 0) return true;
        _reads.Remove(client);
        _clients.Remove(client);
        return true;
    }
}
