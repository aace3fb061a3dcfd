using StackExchange.Redis;

namespace SharedState.Items.Redis;

/// <summary>
/// The collections of one slot, which have one epoch, and what this host has seen of them: a storage that went back in time has less.
/// </summary>
/// <param name="number">Its number, from 0.</param>
/// <param name="mark">
/// The key of a hash: the epoch, the number of commits that changed something, that of the messages that it counts, the highest revision of
/// a collection that was forgotten, and which master the server had when the epoch began.
/// </param>
/// <param name="index">The key of a sorted set of the names of the collections that have items.</param>
/// <param name="emptied">The key of a sorted set of the names of the collections that have a history and no items.</param>
/// <param name="outcomes">The key of a hash: what became of each host's last commit.</param>
internal sealed class Bucket(int number, RedisKey mark, RedisKey index, RedisKey emptied, RedisKey outcomes)
{
    private readonly Lock _lock = new();
    private Sight _seen = new("", 0);

    public int Number { get; } = number;

    public RedisKey Mark { get; } = mark;

    public RedisKey Index { get; } = index;

    public RedisKey Emptied { get; } = emptied;

    public RedisKey Outcomes { get; } = outcomes;

    /// <summary>The most that any answer showed. To be taken before a question is asked: its answer must show no less.</summary>
    public Sight Seen
    {
        get
        {
            lock (_lock) return _seen;
        }
    }

    /// <summary>Notes what an answer showed, unless a later one came before it.</summary>
    public void Saw(Sight sight)
    {
        lock (_lock)
        {
            if (sight.Epoch != _seen.Epoch) return;
            _seen = new(sight.Epoch, Math.Max(sight.Commits, _seen.Commits), Math.Max(sight.Told, _seen.Told));
        }
    }

    /// <summary>Begins to count in another epoch.</summary>
    public void Restart(Sight sight)
    {
        lock (_lock) _seen = sight;
    }
}

/// <summary>How far a bucket got.</summary>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Commits">The number of its commits.</param>
/// <param name="Told">The number of the last message that it counted: where one bucket counts all, those of every bucket's commits.</param>
internal readonly record struct Sight(string Epoch, long Commits, long Told = 0);
