namespace SharedState;

/// <summary>
/// Tells a host about the commits of other hosts to the same storage, so that several hosts act as one server. Optional: the class that
/// implements <see cref="IItemService"/> also implements this interface if several hosts may use its storage at the same time.
/// </summary>
/// <remarks>
/// <para>
/// The host knows the position of each collection in its memory. It learns from <see cref="WatchAsync"/> that a collection is behind, and
/// gets the missing commits from <see cref="ReadAsync"/>. So a feed keeps no state for a host, and may report a change twice.
/// </para>
/// <para>
/// Threads: the host runs at most one enumeration of <see cref="WatchAsync"/> at a time, from when the service is open until it is disposed
/// of, and at most one call of <see cref="ReadAsync"/>. Both also run during commits and loads.
/// </para>
/// </remarks>
public interface IItemFeed
{
    /// <summary>
    /// Returns the new positions of collections after commits of any host. Each list contains the collections that were committed to since
    /// the previous list, in any order. The host's own commits may be included, and the last of several commits to one collection is
    /// enough. An empty list means that there were no commits.
    /// </summary>
    /// <remarks>
    /// A list confirms that nothing is missing: every commit of any host that had returned when the host requested the list is in this list
    /// or in an earlier one. The feed returns the first list, which may be empty, as soon as this promise holds for all later commits. The
    /// feed returns a list at least once a second, even if there are no commits: a host that was suspended or cut off thereby finds out
    /// whether it is up to date, and serves no stale data.
    /// <example>
    /// The bug that this prevents: a host is suspended for a minute while other hosts write. When the host resumes, a request arrives
    /// first. The host would answer with the old contents of its memory if it did not notice that the last list is a minute old.
    /// </example>
    /// </remarks>
    /// <param name="stop">Ends the enumeration, quietly or by an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ItemServiceException">
    /// <see cref="ItemServiceFault.Unavailable"/>: the feed may have missed a commit. The host starts a new enumeration, and asks for all
    /// collections in its memory.
    /// </exception>
    IAsyncEnumerable<IReadOnlyList<CollectionPosition>> WatchAsync(CancellationToken stop);

    /// <summary>Reads the commits after the given positions.</summary>
    /// <param name="since">The collections, each once, with their positions in the host's memory. Not empty; at most 1,000.</param>
    /// <param name="stop">Ends the attempt.</param>
    /// <returns>
    /// For each of <paramref name="since"/>, in that order: the commits after this position, oldest first, without a gap, each one revision
    /// after the previous one. If there are many, the newest commits may be omitted: the host repeats the call until it gets an empty list.
    /// An empty list means that the collection is exactly at that position. Null means that the storage no longer remembers the commits, or
    /// that the position is not part of the collection's history: the host then loads the collection.
    /// </returns>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Unavailable"/>.</exception>
    ValueTask<IReadOnlyList<IReadOnlyList<ItemCommit>?>> ReadAsync(IReadOnlyList<CollectionPosition> since, CancellationToken stop);
}
