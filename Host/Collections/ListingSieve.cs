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
    /// <summary>The collections that one listing looks into at most.</summary>
    public const int MostLooks = 1_000;

    private readonly List<string> _visible = [];
    private IReadOnlyList<string> _names = [];
    private int _next, _looks;

    /// <summary>Whether the names are known.</summary>
    public bool Begun { get; private set; }

    /// <summary>Whether the listing has looked into too many collections.</summary>
    public bool Exceeded => _looks > MostLooks;

    /// <summary>The names of the visible collections so far.</summary>
    public CollectionNames Visible => new([.. _visible]);

    /// <summary>Takes the names of all collections.</summary>
    public void Begin(CollectionNames names) => (_names, Begun) = (names.Page(int.MaxValue, after), true);

    /// <summary>The next collection whose items decide, with the condition that one of them must satisfy.</summary>
    public bool TryNext(out string name, out ReadRights wanted)
    {
        for (; _next < _names.Count && _visible.Count < most; _next++)
        {
            (name, wanted) = (_names[_next], rights(_names[_next]));
            if (wanted is { Reads: true, Visible: not null }) return true;
            if (wanted.Reads) _visible.Add(name);
        }
        (name, wanted) = ("", default);
        return false;
    }

    /// <summary>Decides about the collection of <see cref="TryNext"/>.</summary>
    public void Decide(bool visible)
    {
        if (visible) _visible.Add(_names[_next]);
        _next++;
        _looks++;
    }
}
