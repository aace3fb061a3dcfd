using StackExchange.Redis;

namespace SharedState.Items.Redis;

/// <summary>What was read of one collection's changes, and what is left.</summary>
internal sealed class CollectionChanges(CollectionPosition since, CollectionKeys keys)
{
    private readonly CommitChain _chain = new(since);

    public CollectionKeys Keys { get; } = keys;

    /// <summary>The commits, without a gap; null if they can't be told.</summary>
    public IReadOnlyList<ItemCommit>? Commits => _chain.Answer;

    /// <summary>The last revision that is known.</summary>
    public long Last => _chain.Last;

    /// <summary>How many bytes were read.</summary>
    public long Bytes { get; private set; }

    /// <summary>How many commits more there were, and their bytes.</summary>
    public int Left { get; private set; }

    /// <summary>See <see cref="Left"/>.</summary>
    public long BytesLeft { get; private set; }

    /// <summary>Adds what was read after <see cref="Last"/>.</summary>
    /// <param name="answer">What was read; null if it could not be.</param>
    /// <param name="mark">Where the bucket stood after that.</param>
    public void Add(ChangesAnswer? answer, Mark mark)
    {
        // Without a history it stood where the last of those was that were forgotten. That was read later, and may be further: but if it is
        // where the host has the collection, it was there before, since no collection ever goes back.
        var revision = answer?.Revision ?? mark.Forgotten;
        if (answer is null || mark.Sight.Epoch != since.Position.Epoch || revision < Last || !TryAdd(answer)) _chain.Break();
        else if (answer.Entries.Length < answer.Count) _chain.Require(revision); // the stream has no more
        Left = _chain.IsBroken ? 0 : (int)Math.Max(0, revision - Last);
    }

    private bool TryAdd(ChangesAnswer answer)
    {
        foreach (var entry in answer.Entries)
        {
            if (Change.Parse(entry, since.Key, Last + 1) is not { } change || !_chain.TryAdd(change.Commit)) return false;
            Bytes += change.Bytes;
            BytesLeft = answer.Written - change.End;
        }
        return true;
    }
}

/// <summary>What was asked about a collection.</summary>
/// <param name="Revision">Where it stood before its changes were read; null without a history.</param>
/// <param name="Written">How many bytes of changes had been written by then, since ever.</param>
/// <param name="Entries">The changes.</param>
/// <param name="Count">How many were asked for, at most.</param>
internal sealed record ChangesAnswer(long? Revision, long Written, StreamEntry[] Entries, int Count);

/// <summary>Where a bucket stood after its collections' changes were read.</summary>
/// <param name="Sight">Its epoch and its commits.</param>
/// <param name="Forgotten">The highest revision of a collection that was forgotten.</param>
internal readonly record struct Mark(Sight Sight, long Forgotten);
