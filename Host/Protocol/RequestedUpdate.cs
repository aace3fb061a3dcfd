using SharedState.Host.Collections;

namespace SharedState.Host.Protocol;

/// <summary>The update of a PUT on a collection.</summary>
/// <param name="Update">The removals and inserts. Names each id once.</param>
/// <param name="Bytes">The bytes that it may add to the collection.</param>
/// <param name="Terms">What depends on the state that the update meets; null for nothing.</param>
internal sealed record RequestedUpdate(ItemUpdate Update, long Bytes, UpdateTerms? Terms)
{
    /// <summary>How many distinct ids it names, as its reply tells.</summary>
    public int Named => Terms?.Named ?? (Update.Remove.Count + Update.Insert.Count);
}
