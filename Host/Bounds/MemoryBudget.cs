using System.Runtime;

namespace SharedState.Host.Bounds;

/// <summary>
/// The bytes that the collections in memory, and the large texts made from them, may hold together, over all services of a host.
/// Thread-safe.
/// </summary>
/// <remarks>
/// The budget has only a weak reference to a text, because any number of connections may still be sending it: the text counts until the
/// garbage collector has taken it. So before the host refuses a request for lack of memory, it collects garbage, at most once a second.
/// </remarks>
internal sealed class MemoryBudget(long limit)
{
    // A smaller text is neither worth a weak reference nor long-lived.
    private const int LeastText = 64 << 10;

    private static readonly TimeSpan CollectInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly List<(WeakReference<byte[]> Text, int Bytes)> _texts = []; // guarded by _gate, like the next three
    private readonly List<Action> _services = [];
    private long _collectedAt;
    private int _cleanAt = 128;        // when there are so many texts, those that are gone are left out
    private long _collections, _noted; // the bytes of collections; those of texts, with texts that may be gone

    /// <summary>The bytes of the budget: half of the memory that the process may have.</summary>
    public static long OfMachine => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;

    public long Limit => limit;

    /// <summary>The bytes of collections and texts.</summary>
    public long Used
    {
        get
        {
            Clean();
            return Interlocked.Read(ref _collections) + Interlocked.Read(ref _noted);
        }
    }

    /// <summary>Adds a service that can drop unused collections when memory is short. Called on any thread.</summary>
    public void Register(Action letGo)
    {
        lock (_gate) _services.Add(letGo);
    }

    /// <summary>The service has ended.</summary>
    public void Unregister(Action letGo)
    {
        lock (_gate) _services.Remove(letGo);
    }

    /// <summary>Whether there is room for more bytes without a collection of garbage.</summary>
    public bool Fits(long bytes) =>
        Interlocked.Read(ref _collections) + Interlocked.Read(ref _noted) + bytes <= limit || Used + bytes <= limit;

    /// <summary>Whether there would be room for more bytes if all texts were garbage.</summary>
    public bool FitsWithoutTexts(long bytes) => Interlocked.Read(ref _collections) + bytes <= limit;

    /// <summary>Whether there is room for more bytes. If not, unused collections leave memory, and garbage is collected.</summary>
    public bool HasRoom(long bytes)
    {
        if (Fits(bytes)) return true;
        Collect();
        return Fits(bytes);
    }

    /// <summary>Asks services to drop unused collections, and collects garbage; once a second at most.</summary>
    public void Collect()
    {
        Action[] services;
        lock (_gate)
        {
            if (_collectedAt != 0 && TimeProvider.System.GetElapsedTime(_collectedAt) < CollectInterval) return;
            _collectedAt = TimeProvider.System.GetTimestamp();
            services = [.. _services];
        }
        foreach (var letGo in services) letGo();
        // Texts leave gaps that no other text fits into.
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect();
    }

    /// <summary>A collection holds more bytes, or fewer.</summary>
    public void Charge(long bytes) => Interlocked.Add(ref _collections, bytes);

    /// <summary>A text was made of a collection.</summary>
    public void Note(byte[] text)
    {
        if (text.Length < LeastText) return;
        bool many;
        lock (_gate)
        {
            _texts.Add((new(text), text.Length));
            Interlocked.Add(ref _noted, text.Length);
            many = _texts.Count >= _cleanAt;
        }
        if (many) Clean();
    }

    private void Clean()
    {
        lock (_gate)
        {
            _texts.RemoveAll(text =>
            {
                if (text.Text.TryGetTarget(out _)) return false;
                Interlocked.Add(ref _noted, -text.Bytes);
                return true;
            });
            _cleanAt = Math.Max(128, 2 * _texts.Count);
        }
    }
}
