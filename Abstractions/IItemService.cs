namespace SharedState;

/// <summary>
/// Stores the items of one configured service. A plugin has exactly one public class that implements this interface, with a public
/// constructor without parameters. The host creates one instance for each service that uses the plugin.
/// </summary>
/// <remarks>
/// <para>
/// Threads: the host calls <see cref="OpenAsync"/> once and first. It never makes two calls of <see cref="CommitAsync"/> at the same time,
/// nor two of <see cref="ForgetAsync"/>, but may call <see cref="ForgetAsync"/> during a commit. It calls <see cref="LoadAsync"/>,
/// <see cref="ListAsync"/> and <see cref="ListEmptiedAsync"/> at any time, at most four of them in parallel. It calls DisposeAsync once and
/// last, possibly while loads still run. An implementation may block the calling thread. It calls nothing of the host except the logger.
/// </para>
/// <para>
/// Time limits: the token of a call is cancelled after 8 seconds, or when the host stops. Half a second later the host gives up on the
/// call; until the call returns, the host makes no call that changes data. A call that is ended by its token or by DisposeAsync throws
/// <see cref="OperationCanceledException"/> or <see cref="ItemServiceFault.Unavailable"/>. A commit is the exception: if it certainly
/// stored nothing, it throws <see cref="ItemServiceFault.Unavailable"/>; any other exception means that its outcome is unknown.
/// </para>
/// <para>
/// Errors: throw <see cref="ItemServiceException"/>; its <see cref="ItemServiceException.Fault"/> determines the reaction of the host. Any
/// other exception from a commit counts as <see cref="ItemServiceFault.OutcomeUnknown"/>. The host never shows the message of an exception
/// to a client.
/// </para>
/// </remarks>
public interface IItemService : IAsyncDisposable
{
    /// <summary>Connects to the storage and prepares it: creates or migrates the necessary tables or files.</summary>
    /// <param name="context">The service's name, configuration and logger.</param>
    /// <param name="stop">Ends the attempt.</param>
    /// <exception cref="ItemServiceException">
    /// <see cref="ItemServiceFault.Config"/>: a value of the configuration is wrong, or leads to a refused login, a missing database or a
    /// missing right. <see cref="ItemServiceFault.Unusable"/>: the storage is damaged, too old, or belongs to another program.
    /// <see cref="ItemServiceFault.Unavailable"/>: the host tries again, with a new instance, until the storage opens.
    /// </exception>
    ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop);

    /// <summary>
    /// Returns what <see cref="OpenAsync"/> would create or alter now, and changes nothing: neither the storage nor a file beside it. It
    /// checks everything that can be checked without a change, such as the login, the rights and the tables. Default: null, which means
    /// that the service cannot plan.
    /// </summary>
    /// <remarks>
    /// The host calls this method on an instance that is not open. Afterwards the host calls DisposeAsync; if the service's configuration
    /// has <c>"migrate": false</c> and nothing would be altered, it calls <see cref="OpenAsync"/> first. For <c>--check</c>, the host
    /// collects the plans of all services before it disposes of the first instance, so that two services in the same place can notice the
    /// collision.
    /// </remarks>
    /// <param name="context">The context with which the service would be opened.</param>
    /// <param name="stop">Ends the attempt.</param>
    /// <returns>The changes, in order. Empty: nothing would be changed. Null: the service cannot plan.</returns>
    /// <exception cref="ItemServiceException">The service would not open, for the same reasons as in <see cref="OpenAsync"/>.</exception>
    ValueTask<IReadOnlyList<StorageChange>?> PlanAsync(ItemServiceContext context, CancellationToken stop) =>
        ValueTask.FromResult<IReadOnlyList<StorageChange>?>(null);

    /// <summary>
    /// Reads one whole collection at one position. A collection without stored data is empty. Its revision is 0 if it was never written to;
    /// see <see cref="ForgetAsync"/> for a forgotten collection. Reading creates nothing.
    /// </summary>
    /// <remarks>
    /// After a commit with an unknown outcome, a load of one of its collections first ensures that the commit has ended, for example by
    /// taking a lock that the commit holds until its end. If that takes too long, the load throws
    /// <see cref="ItemServiceFault.Unavailable"/>. <see cref="IItemFeed.ReadAsync"/> does the same.
    /// <example>
    /// The bug that this prevents: the answer to a COMMIT is lost while the database's disk is stalled. The host loads the collection,
    /// finds it unchanged, and tells the client that nothing was changed. Then the disk resumes, and the change appears.
    /// </example>
    /// </remarks>
    /// <param name="key">The collection.</param>
    /// <param name="stop">Ends the attempt.</param>
    /// <exception cref="ItemServiceException">
    /// <see cref="ItemServiceFault.Unavailable"/>, or <see cref="ItemServiceFault.Unusable"/> if the storage turns out to be damaged. In
    /// both cases the host tries again later, as long as a client uses the collection.
    /// </exception>
    ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop);

    /// <summary>
    /// Stores a batch in one transaction, completely or not at all (except for conflicts, which are skipped). When the call returns, the
    /// batch is as durable as the storage can make it.
    /// </summary>
    /// <param name="batch">
    /// The updates, in order; several may name the same collection, and each builds on those before it. Not empty.
    /// </param>
    /// <param name="stop">
    /// Ends the attempt. An implementation that observes the token after something may have been stored throws
    /// <see cref="ItemServiceFault.OutcomeUnknown"/>.
    /// </param>
    /// <returns>
    /// One result for each update, in the batch's order. If another host or program changed the collection meanwhile, the position may not
    /// follow from the position after the previous update; the host then reads the collection again.
    /// </returns>
    /// <exception cref="ItemServiceException">
    /// Nothing of the batch is stored, unless the fault is <see cref="ItemServiceFault.OutcomeUnknown"/>. After
    /// <see cref="ItemServiceFault.TooLarge"/> and <see cref="ItemServiceFault.Rejected"/> the host tries each update separately, so that
    /// only the bad one fails. <see cref="ItemServiceFault.Unusable"/>: the storage turns out to be damaged; the host does not try these
    /// updates again.
    /// </exception>
    ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop);

    /// <summary>
    /// Whether <see cref="CommitAsync"/> completes synchronously without waiting: for no disk, no network, and no lock that is held for
    /// long. The host then calls it on the thread that serves the service's requests, which saves two thread switches for each commit.
    /// Default: false; then a commit may block its thread. Does not change after <see cref="OpenAsync"/>.
    /// </summary>
    bool CommitsAtOnce => false;

    /// <summary>Lists the collections that contain at least one item, each once, in any order.</summary>
    /// <param name="app">Only those of this app; null for all.</param>
    /// <param name="stop">Ends the enumeration.</param>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Unavailable"/>.</exception>
    IAsyncEnumerable<CollectionKey> ListAsync(string? app, CancellationToken stop);

    /// <summary>
    /// Lists the collections that have a history but no items, with their positions, each once, in any order. Later, the host calls
    /// <see cref="ForgetAsync"/> for the collections whose positions have not changed. Default: none.
    /// </summary>
    /// <param name="stop">Ends the enumeration.</param>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Unavailable"/>.</exception>
    IAsyncEnumerable<CollectionPosition> ListEmptiedAsync(CancellationToken stop) => AsyncEnumerable.Empty<CollectionPosition>();

    /// <summary>
    /// Deletes all stored data of an emptied collection: its revision, its remembered removals, and the commits that a feed remembers.
    /// Default: forgets nothing.
    /// </summary>
    /// <remarks>
    /// <para>
    /// The storage forgets in one atomic step, and only if the collection has no items and is exactly at <paramref name="at"/>. A commit of
    /// any host takes effect either before that step, which then does not happen, or after it.
    /// </para>
    /// <para>
    /// No two states ever have the same position, also across this step. So the collection is then in another epoch, or at a revision that
    /// is not lower, and <see cref="StoredCollection.HistoryStart"/> is that revision. Positions of collections that were never written to
    /// may change in the same way, because the storage does not know which collections it has forgotten.
    /// </para>
    /// <para>
    /// A host that still has the collection in memory learns of this step as of any change by another host:
    /// <see cref="IItemFeed.ReadAsync"/> returns null for the old position (or the commits since then, if the collection is at the same
    /// position), an update that expects the old position is a conflict, and the result of a commit does not follow from the old position.
    /// The host then loads the collection.
    /// </para>
    /// <example>
    /// The bug that this prevents: a collection is emptied at revision 7 and forgotten, begins again at revision 1 in the same epoch, and
    /// gets to revision 7. A client that was away since the first revision 7 would be told that it missed nothing.
    /// </example>
    /// </remarks>
    /// <param name="key">The collection.</param>
    /// <param name="at">The position that the collection must have.</param>
    /// <param name="stop">Ends the attempt.</param>
    /// <returns>
    /// True if the storage no longer has any data of the collection. False if the collection has items or is at another position, or if the
    /// storage does not forget.
    /// </returns>
    /// <exception cref="ItemServiceException">
    /// <see cref="ItemServiceFault.Unavailable"/>: the collection may or may not be forgotten. The host may repeat the same call.
    /// </exception>
    ValueTask<bool> ForgetAsync(CollectionKey key, Position at, CancellationToken stop) => ValueTask.FromResult(false);
}
