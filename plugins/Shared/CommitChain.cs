namespace SharedState.Items;

/// <summary>The commits of one collection after a position, as far as they were read: without a gap, or not at all.</summary>
/// <remarks>
/// <para>
/// Why an answer is right: each commit of a collection raises its revision by one, in one epoch. So the commits after revision r up to
/// revision n are all there exactly if their revisions are r+1, r+2, .. n. A commit is taken only if it is the next one; what comes after
/// one that is missing, or that is not kept as it was, is left out. A storage is asked for the commits up to some revision that the
/// collection surely has, and then <see cref="Require"/> says so: if the chain does not reach it, some commit is gone for good, and the
/// answer is that it can't be told.
/// </para>
/// <para>
/// The end may be left out: the host asks again from there. But no commits at all would mean that the collection is at the position. So of
/// a collection that is further, at least one commit is read, or the answer is null.
/// </para>
/// </remarks>
/// <param name="since">The collection, and where the host has it.</param>
internal sealed class CommitChain(CollectionPosition since)
{
    private readonly List<ItemCommit> _commits = [];
    private bool _broken;

    public CollectionPosition Since => since;

    /// <summary>The last revision that is known.</summary>
    public long Last => since.Position.Revision + _commits.Count;

    public bool IsEmpty => _commits.Count == 0;

    /// <summary>Whether a commit is missing that will not come.</summary>
    public bool IsBroken => _broken;

    /// <summary>The commits; null if they can't be told.</summary>
    public IReadOnlyList<ItemCommit>? Answer => _broken ? null : _commits;

    /// <summary>Takes a commit if it is the next one.</summary>
    public bool TryAdd(ItemCommit commit)
    {
        if (_broken || commit.Revision != Last + 1) return false;
        _commits.Add(commit);
        return true;
    }

    /// <summary>The collection had this revision, and all commits up to it were asked for.</summary>
    public void Require(long revision) => _broken |= Last < revision;

    /// <summary>What was asked about is not of the position's history, or can't be told.</summary>
    public void Break() => _broken = true;
}
