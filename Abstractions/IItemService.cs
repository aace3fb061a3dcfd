namespace SharedState;

/// <summary>
/// Stores the items of one configured service. The one public class of a plugin that implements this, with a public constructor
/// without parameters, is what the host creates: once for each service that uses the plugin.
/// </summary>
/// <remarks>
/// <para>
/// Threads: the host calls <see cref="OpenAsync"/> once and first. It never makes two calls of <see cref="CommitAsync"/> at a time, nor two
/// of
/// <see cref="ForgetAsync"/>, but it may forget during a commit. It calls <see cref="LoadAsync"/>, <see cref="ListAsync"/> and
/// <see cref="ListEmptiedAsync"/> at any time, at most four of them at once, and DisposeAsync once and last, possibly while loads still
/// run. An implementation may block the calling thread. It calls nothing of the host except the logger.
/// </para>
/// <para>
/// Ends: the token of a call is cancelled when it has taken 8 seconds, or when the host stops; half a second later the call is given up on,
/// and as long as it hangs nothing else is asked of the service that changes things. A call that is ended so, or by DisposeAsync, throws
/// <see cref="OperationCanceledException"/> or an <see cref="ItemServiceFault.Unavailable"/>. A commit is the exception: where it surely
/// stored nothing it throws <see cref="ItemServiceFault.Unavailable"/>, since anything else means that its outcome is not known.
/// </para>
/// <para>
/// Errors: throw <see cref="ItemServiceException"/>; its <see cref="ItemServiceException.Fault"/> tells the host what to do. Any other
/// exception from a commit counts as <see cref="ItemServiceFault.OutcomeUnknown"/>. No message of an exception is ever shown to a client.
/// </para>
/// </remarks>
public interface IItemService : IAsyncDisposable
{
    /// <summary>Connects to the storage and makes it ready: creates or migrates what must be there.</summary>
    /// <param name="context">The service's name, configuration and logger.</param>
    /// <param name="stop">Ends the attempt.</param>
    /// <exception cref="ItemServiceException">
    /// <see cref="ItemServiceFault.Config"/>: a value of the configuration is wrong, or leads to a login that is refused, a database that
    /// is not there, a right that is missing. <see cref="ItemServiceFault.Unusable"/>: the storage is damaged, too old, or another
    /// program's.
    /// <see cref="ItemServiceFault.Unavailable"/>: tried again, on a new instance, until it opens.
    /// </exception>
    ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop);

    /// <summary>
    /// Tells what <see cref="OpenAsync"/> would create or alter now, and changes nothing: not the storage, and no file beside it. It checks
    /// all that can be checked without that, such as the login, the rights and the tables. Default: null, since the service cannot tell.
    /// </summary>
    /// <remarks>
    /// The host calls it on an instance that is not open. It calls DisposeAsync afterwards, or first <see cref="OpenAsync"/>, if the
    /// service's configuration has <c>"migrate": false</c> and nothing would be altered. For <c>--check</c> all services of a
    /// configuration tell their plans before the first instance is disposed of, so that two that want the same place can find that out.
    /// </remarks>
    /// <param name="context">What it would be opened with.</param>
    /// <param name="stop">Ends the attempt.</param>
    /// <returns>What would be done, in order. Empty: nothing would be changed. Null: the service cannot tell.</returns>
    /// <exception cref="ItemServiceException">It would not open, for the same reasons as <see cref="OpenAsync"/>.</exception>
    ValueTask<IReadOnlyList<StorageChange>?> PlanAsync(ItemServiceContext context, CancellationToken stop) =>
        ValueTask.FromResult<IReadOnlyList<StorageChange>?>(null);

    /// <summary>
    /// Reads one collection, all at one position. A collection of which the storage keeps nothing is empty. It stands at revision 0 if it
    /// was never written to; see <see cref="ForgetAsync"/> for one that was forgotten. Reading creates nothing.
    /// </summary>
    /// <remarks>
    /// After a commit of unknown outcome, a load of one of its collections first makes sure that the commit has happened or never will, as
    /// by taking a lock that the commit holds until it is over. If that takes too long, the load throws
    /// <see cref="ItemServiceFault.Unavailable"/>. <see cref="IItemFeed.ReadAsync"/> does the same.
    /// <example>
    /// The bug that this prevents: the answer to a COMMIT is lost while the database's disk stands still. The host loads the collection,
    /// finds it as it was, and tells the client that nothing was changed. Then the disk goes on, and the change appears.
    /// </example>
    /// </remarks>
    /// <param name="key">The collection.</param>
    /// <param name="stop">Ends the attempt.</param>
    /// <exception cref="ItemServiceException">
    /// <see cref="ItemServiceFault.Unavailable"/>, or <see cref="ItemServiceFault.Unusable"/> where the storage turns out to be damaged:
    /// both are tried again later, as long as someone wants the collection.
    /// </exception>
    ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop);

    /// <summary>
    /// Stores a batch in one transaction: all of it or nothing (but for conflicts, which are left out). It is as durable as the storage
    /// makes things when this returns.
    /// </summary>
    /// <param name="batch">
    /// The updates, in order; several may name the same collection, and each builds on those before it. Not empty.
    /// </param>
    /// <param name="stop">
    /// Ends the attempt. Whoever observes it after something may have been stored throws <see cref="ItemServiceFault.OutcomeUnknown"/>.
    /// </param>
    /// <returns>
    /// One result for each update, in the batch's order. Its position may bear another epoch or revision than the update before it led to,
    /// if somebody else changed the collection meanwhile; the host then reads the collection again.
    /// </returns>
    /// <exception cref="ItemServiceException">
    /// Nothing of the batch is stored, unless the fault is <see cref="ItemServiceFault.OutcomeUnknown"/>. After
    /// <see cref="ItemServiceFault.TooLarge"/> and <see cref="ItemServiceFault.Rejected"/> the host tries each update by itself, so that
    /// a bad one fails alone. <see cref="ItemServiceFault.Unusable"/>: the storage turns out to be damaged; nothing more is tried for these
    /// updates.
    /// </exception>
    ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop);

    /// <summary>
    /// Whether a commit is done when <see cref="CommitAsync"/> returns, and waits for nothing on the way: no disk, no network, no lock that
    /// is held for long. The host then calls it on the thread that serves the service's requests, which saves two changes of thread for
    /// each commit. Default: false; then a commit may block its thread. Does not change after <see cref="OpenAsync"/>.
    /// </summary>
    bool CommitsAtOnce => false;

    /// <summary>Names the collections that hold at least one item, each once, in any order.</summary>
    /// <param name="app">Only those of this app; null for all.</param>
    /// <param name="stop">Ends the enumeration.</param>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Unavailable"/>.</exception>
    IAsyncEnumerable<CollectionKey> ListAsync(string? app, CancellationToken stop);

    /// <summary>
    /// Names the collections that have no items but of which the storage still keeps a history, each once, in any order, with their
    /// positions. The host calls <see cref="ForgetAsync"/> later for those that have not moved. Default: none.
    /// </summary>
    /// <param name="stop">Ends the enumeration.</param>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Unavailable"/>.</exception>
    IAsyncEnumerable<CollectionPosition> ListEmptiedAsync(CancellationToken stop) => AsyncEnumerable.Empty<CollectionPosition>();

    /// <summary>
    /// Forgets all that the storage keeps of an emptied collection: its revision, its remembered removals, and what a feed keeps of its
    /// commits. Default: forgets nothing.
    /// </summary>
    /// <remarks>
    /// <para>
    /// The storage forgets in one atomic step, and only if the collection has no items and stands exactly at <paramref name="at"/>. A
    /// commit of any host takes effect either before that step, which then does not happen, or after it.
    /// </para>
    /// <para>
    /// No position is ever given to two states, also across this step. So the collection then stands in another epoch, or at a revision
    /// that is not lower, and <see cref="StoredCollection.HistoryStart"/> is that revision. Positions of collections that were never
    /// written to may change in the same way, since the storage does not know which collections it has forgotten.
    /// </para>
    /// <para>
    /// A host that still has the collection in memory learns of it as of any other change that it did not make:
    /// <see cref="IItemFeed.ReadAsync"/>
    /// answers null for the old position (or the commits since, if the collection stands at the same position), an update that expects the
    /// old position is a conflict, and the result of a commit does not follow on the old position. The host then loads the collection.
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
    /// True if the storage keeps nothing of the collection any more. False if it still has items, stands elsewhere, or the storage does not
    /// forget.
    /// </returns>
    /// <exception cref="ItemServiceException">
    /// <see cref="ItemServiceFault.Unavailable"/>: the collection may be forgotten or not. The same call may be repeated.
    /// </exception>
    ValueTask<bool> ForgetAsync(CollectionKey key, Position at, CancellationToken stop) => ValueTask.FromResult(false);
}
