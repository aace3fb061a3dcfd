using SharedState.Host.Storages;

namespace SharedState.Host.Collections;

/// <summary>
/// Selects the collections of a listing that contain an item visible to the client. If only the items can tell, the collection is looked
/// into, and read for that if it is not in memory.
/// </summary>
/// <param name="rights">What the client may read of a collection, by its name.</param>
/// <param name="most">The maximum number of names.</param>
/// <param name="after">The name after which the listing begins; null for the first.</param>
internal sealed class ListingSieve(Func<string, ReadRights> rights, int most, string? after)
{
    private readonly List<string> _visible = [];
    private IReadOnlyList<string> _names = [];
    private int _next;

    /// <summary>Whether the names are known.</summary>
    public bool Begun { get; private set; }

    /// <summary>The names of the visible collections so far.</summary>
    public CollectionNames Visible => new([.. _visible]);

    /// <summary>Takes the names of all collections.</summary>
    public void Begin(CollectionNames names) => (_names, Begun) = (names.Page(int.MaxValue, after), true);

    /// <summary>The next collection, with what the client may read of it; false at the end of the listing.</summary>
    public bool TryNext(out string name, out ReadRights rightsThere)
    {
        var more = _next < _names.Count && _visible.Count < most;
        (name, rightsThere) = more ? (_names[_next], rights(_names[_next])) : ("", default);
        return more;
    }

    /// <summary>Decides about the collection of <see cref="TryNext"/>.</summary>
    public void Decide(bool visible)
    {
        if (visible) _visible.Add(_names[_next]);
        _next++;
    }
}
