namespace SharedState.Items.MySql;

/// <summary>
/// Which numbers of commits were not seen yet. Numbers are given before their commits come into sight, and in another order: 6 may be seen
/// while 5 is still being stored, or was rolled back. So what was passed over is kept, and asked for again until it is seen or known not to
/// come.
/// </summary>
/// <param name="start">All up to this number is past.</param>
internal sealed class Gaps(long start)
{
    /// <summary>
    /// Each asking names the gaps, so that they must not be many. Merged ones hold numbers that were seen, and are told twice.
    /// </summary>
    private const int Most = 100;

    private List<Gap> _gaps = [];

    /// <summary>The numbers of one gap, both included, and since when it is one.</summary>
    public readonly record struct Gap(long First, long Last, long Since);

    /// <summary>The highest number seen.</summary>
    public long High { get; private set; } = start;

    /// <summary>The gaps, lowest first.</summary>
    public IReadOnlyList<Gap> All => _gaps;

    /// <summary>Notes a number that was seen.</summary>
    public void Saw(long number, long now)
    {
        if (number > High)
        {
            if (number > High + 1) _gaps.Add(new(High + 1, number - 1, now));
            High = number;
            return;
        }
        var at = _gaps.FindIndex(gap => gap.First <= number && number <= gap.Last);
        if (at < 0) return;
        var split = _gaps[at];
        _gaps.RemoveAt(at);
        if (number < split.Last) _gaps.Insert(at, split with { First = number + 1 });
        if (split.First < number) _gaps.Insert(at, split with { Last = number - 1 });
    }

    /// <summary>Gives up those that are as old as this, or older.</summary>
    public void GiveUp(long since) => _gaps.RemoveAll(gap => gap.Since <= since);

    /// <summary>Keeps those that are as old as this, or older, for as long again.</summary>
    public void Renew(long since, long now) => _gaps = [.. _gaps.Select(gap => gap.Since <= since ? gap with { Since = now } : gap)];

    /// <summary>Keeps their number within its bound: neighbours become one.</summary>
    public void Merge()
    {
        while (_gaps.Count > Most)
        {
            _gaps = [.. _gaps.Chunk(2).Select(pair => new Gap(pair[0].First, pair[^1].Last, Math.Max(pair[0].Since, pair[^1].Since)))];
        }
    }
}
