namespace SharedState;

/// <summary>
/// Tells a host what others commit to the same storage, so that several hosts are one server. Optional: the class that implements
/// <see cref="IItemService"/> implements this too, where more than one host may use its storage at a time.
/// </summary>
/// <remarks>
/// <para>
/// The host keeps, for each collection that it has in memory, the position that it is at. It learns from <see cref="WatchAsync"/> that one
/// is behind, and gets what it lacks from <see cref="ReadAsync"/>. So a feed need not remember what it told to whom, and what it tells
/// twice does no harm.
/// </para>
/// <para>
/// Threads: the host enumerates <see cref="WatchAsync"/> once at a time, from when the service is open until it is disposed of, and calls
/// <see cref="ReadAsync"/> never twice at a time; both also during commits and loads.
/// </para>
/// </remarks>
public interface IItemFeed
{
    /// <summary>
    /// Says where collections were brought to by commits, whoever made them. Each list names what was committed since the one before, in
    /// any order; the host's own commits may be among them, and of several commits of one collection the last is enough. An empty list says
    /// that there was nothing.
    /// </summary>
    /// <remarks>
    /// A list confirms that nothing is missing: all that anybody's commit had returned for when the host asked for the list is in it, or
    /// was in one before. The first one comes as soon as this holds from then on, and may be empty. A list comes at least once a second,
    /// also if nothing happens: a host that was away, suspended or cut off, thereby finds out whether it is up to date, and serves nothing
    /// stale.
    /// <example>
    /// The bug that this prevents: a host is suspended for a minute while others write. When it goes on, a request is the first thing that
    /// it sees. It would answer with what it remembers, had it not noticed that the last list is a minute old.
    /// </example>
    /// </remarks>
    /// <param name="stop">Ends the enumeration, quietly or by an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ItemServiceException">
    /// <see cref="ItemServiceFault.Unavailable"/>: something may have been missed. The host enumerates anew, and asks for all that it has
    /// in memory.
    /// </exception>
    IAsyncEnumerable<IReadOnlyList<CollectionPosition>> WatchAsync(CancellationToken stop);

    /// <summary>Reads what was committed after some positions.</summary>
    /// <param name="since">The collections, each once, and where the host has them. Not empty; at most 1,000.</param>
    /// <param name="stop">Ends the attempt.</param>
    /// <returns>
    /// For each of <paramref name="since"/>, in that order: the commits after it, oldest first, without a gap, each one revision further
    /// than the one before. The newest may be left out if they are many: the host asks again until there are none. None says that the
    /// collection is at that position, so it is no answer for one that is further. Null says that it can't be told, because it is not
    /// remembered so far back, or that position is not one of the collection's history: the host then loads the collection.
    /// </returns>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Unavailable"/>.</exception>
    ValueTask<IReadOnlyList<IReadOnlyList<ItemCommit>?>> ReadAsync(IReadOnlyList<CollectionPosition> since, CancellationToken stop);
}
