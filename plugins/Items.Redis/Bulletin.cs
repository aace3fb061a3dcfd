namespace SharedState.Items.Redis;

/// <summary>What was heard of commits and not yet handed on; knows by the messages' numbers whether one did not come.</summary>
/// <remarks>
/// Messages of one teller come in the order of their numbers, each one further than the one before. In a Cluster, where a slot moves to
/// another server, the order may be another one: then it counts as a loss, which costs no more than a question.
/// </remarks>
/// <param name="layout">Finds collections' buckets.</param>
/// <param name="tellers">The buckets that count the messages.</param>
/// <param name="landmarks">Get each message that comes in order.</param>
/// <param name="host">This host, whose own commits are not told: it has their results.</param>
internal sealed class Bulletin(Layout layout, IReadOnlyList<Bucket> tellers, Landmarks landmarks, string host) : IDisposable
{
    /// <summary>Of more collections than this it is not told where they are: the host asks for those that it has.</summary>
    private const int MostCollections = 100_000;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _heard = new(0);
    private readonly Dictionary<int, Count> _counts = [];
    private Dictionary<CollectionKey, Position> _news = [];
    private bool _missed;
    private bool _replaced;

    /// <summary>Begins to count where the tellers stood after the channel was subscribed to.</summary>
    public void Begin(IReadOnlyList<Count> counts)
    {
        lock (_lock)
        {
            for (var i = 0; i < counts.Count; i++)
            {
                if (_counts.TryAdd(tellers[i].Number, counts[i])) continue;
                _missed |= _counts[tellers[i].Number].Epoch != counts[i].Epoch;
            }
        }
    }

    /// <summary>Hears a message.</summary>
    public void Hear(string message)
    {
        if (Announcement.Parse(message) is not { } announcement) return;
        layout.All[announcement.Teller].Saw(new Sight(announcement.Epoch, 0, announcement.Number));
        lock (_lock)
        {
            if (!Follows(announcement)) return;
            if (!_missed) landmarks.Saw(announcement);
            if (announcement.Host != host && !_missed) Note(announcement);
        }
        Wake();
    }

    /// <summary>The numbers of the last messages, in the tellers' order.</summary>
    public long[] Heard()
    {
        lock (_lock) return [.. tellers.Select(teller => _counts[teller.Number].Last)];
    }

    /// <summary>Whether all messages were heard that were sent by then; null if one is missing for good.</summary>
    /// <param name="counts">How far the tellers have counted.</param>
    /// <param name="before">What was heard before they were asked: they must show no less.</param>
    public bool? HasHeard(IReadOnlyList<Count> counts, IReadOnlyList<long> before)
    {
        lock (_lock)
        {
            var all = true;
            for (var i = 0; i < counts.Count; i++)
            {
                var heard = _counts[tellers[i].Number];
                var (epoch, last, token) = counts[i];
                _replaced |= epoch == heard.Epoch && (last < before[i] || (last == heard.Last && token != heard.Token));
                _missed |= epoch != heard.Epoch || _replaced;
                all &= heard.Last >= counts[i].Last;
            }
            return _missed ? null : all;
        }
    }

    /// <summary>Whether what was heard is not in the storage any more: it went back in time, whatever was committed to it since.</summary>
    public bool IsReplaced
    {
        get
        {
            lock (_lock) return _replaced;
        }
    }

    /// <summary>Whether there is something to hand on, be it that something is missing.</summary>
    public bool HasNews
    {
        get
        {
            lock (_lock) return _missed || _news.Count > 0;
        }
    }

    /// <summary>Hands on what was heard; null if something is missing.</summary>
    public IReadOnlyList<CollectionPosition>? Take()
    {
        lock (_lock)
        {
            if (_missed) return null;
            if (_news.Count == 0) return [];
            CollectionPosition[] news = [.. _news.Select(heard => new CollectionPosition(heard.Key, heard.Value))];
            _news = [];
            return news;
        }
    }

    /// <summary>Waits until something is heard, or the time is over.</summary>
    public Task WaitAsync(TimeSpan time, CancellationToken stop) => _heard.WaitAsync(time, stop);

    public void Dispose() => _heard.Dispose();

    /// <summary>Whether the message is the next one of its teller; notes if one was skipped.</summary>
    private bool Follows(Announcement announcement)
    {
        if (!_counts.TryGetValue(announcement.Teller, out var count)) count = new Count(announcement.Epoch, announcement.Number - 1, 0);
        else if (announcement.Number <= count.Last && announcement.Epoch == count.Epoch)
            return false; // from before the beginning, or heard twice
        _missed |= announcement.Epoch != count.Epoch || announcement.Number != count.Last + 1;
        _counts[announcement.Teller] = count with { Last = announcement.Number, Token = announcement.Token };
        return true;
    }

    private void Note(Announcement announcement)
    {
        foreach (var (collection, sight) in announcement.Changes())
        {
            layout.Of(collection.Key).Bucket.Saw(sight);
            _news[collection.Key] = collection.Position;
        }
        _missed |= _news.Count > MostCollections;
    }

    private void Wake()
    {
        // Only one waits, and looks again when it wakes.
        if (_heard.CurrentCount == 0) _heard.Release();
    }
}

/// <summary>How far a teller has counted.</summary>
/// <param name="Epoch">In which epoch of the bucket.</param>
/// <param name="Last">The number of the last message.</param>
/// <param name="Token">The random number of that message.</param>
internal readonly record struct Count(string Epoch, long Last, long Token);
