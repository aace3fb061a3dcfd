using System.Diagnostics;

namespace SharedState.Items.MySql;

/// <summary>A commit by which a host knows the history again.</summary>
/// <param name="Collection">The number of the collection's row.</param>
/// <param name="Epoch">The collection's epoch.</param>
/// <param name="Revision">The revision that it led to.</param>
/// <param name="Age">How long ago it was made when it was seen.</param>
/// <param name="StoreEpoch">
/// An epoch that the store had before the commit was read. If the collection was forgotten since, the store has another one.
/// </param>
internal sealed record Landmark(long Collection, string Epoch, long Revision, TimeSpan Age, string StoreEpoch)
{
    /// <summary>The age of a commit, in a query about the table of commits: microseconds.</summary>
    public const string AgeColumn = "TIMESTAMPDIFF(MICROSECOND, made, CURRENT_TIMESTAMP(6))";

    /// <summary>When it was made, by <see cref="Stopwatch"/>.</summary>
    public long Made { get; } = Stopwatch.GetTimestamp() - (long)(Age.TotalSeconds * Stopwatch.Frequency);
}
