namespace SharedState;

/// <summary>The position of a collection in its own history.</summary>
/// <remarks>
/// A revision alone is not enough. Suppose that a client has seen revision 90, the storage is restored from a copy at revision 80, and
/// other clients write ten updates. The collection is at revision 90 again, with other contents, and a comparison of revisions would show
/// that the client missed nothing. So a storage that loses or replaces history changes the epoch, and only revisions of the same epoch are
/// comparable.
/// </remarks>
/// <param name="Epoch">The lineage of the revisions: 1-64 characters of ASCII letters, digits, <c>-</c> and <c>_</c>.</param>
/// <param name="Revision">The number of the last effective update; 0 before the first one.</param>
public readonly record struct Position(string Epoch, long Revision);
