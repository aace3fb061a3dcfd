using SharedState.Host.Collections;

namespace SharedState.Host.Protocol;

/// <summary>The update of a PUT on a collection.</summary>
/// <param name="Update">The removals and inserts. Names each id once.</param>
/// <param name="Bytes">The bytes that it may add to the collection.</param>
/// <param name="Terms">The parts that depend on the current state, or null.</param>
/// <param name="Lifetime">The lifetime of the items, or null.</param>
internal sealed record RequestedUpdate(ItemUpdate Update, long Bytes, UpdateTerms? Terms, Lifetime? Lifetime)
{
    /// <summary>The number of distinct ids that it names, which the reply contains.</summary>
    public int Named => Terms?.Named ?? (Update.Remove.Count + Update.Insert.Count);
}
