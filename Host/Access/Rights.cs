namespace SharedState.Host.Access;

/// <summary>What an identity may do at a path.</summary>
/// <param name="Read">Whether it may read items and subscribe.</param>
/// <param name="Write">Whether it may insert, update and remove items.</param>
/// <param name="List">Whether it may list.</param>
internal sealed record Rights(bool Read, bool Write, bool List)
{
    public static readonly Rights All = new(true, true, true), None = new(false, false, false);
}
