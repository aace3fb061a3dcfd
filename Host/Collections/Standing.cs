namespace SharedState.Host.Collections;

/// <summary>How far a collection in memory can be trusted.</summary>
internal enum CollectionState
{
    /// <summary>The collection is being read.</summary>
    Loading,

    /// <summary>The collection is what storage holds, or was when the host last heard of it. It is served.</summary>
    Loaded,

    /// <summary>Other hosts committed, or may have. The collection is being brought up, and not served before.</summary>
    Behind,

    /// <summary>The collection could not be read. Another attempt is made while it has subscribers.</summary>
    Away,
}

/// <summary>A question to the feed: what was committed to a collection after a position.</summary>
/// <param name="Collection">The collection.</param>
/// <param name="Since">The position of the collection.</param>
/// <param name="Heard">The minimum position to reach; null if it is unknown.</param>
internal sealed record Inquiry(Collection Collection, CollectionPosition Since, Position? Heard);

/// <summary>
/// What the host knows of a collection in memory against its storage: one state, and, while the collection is in memory, what others are
/// known or suspected to have committed to it.
/// </summary>
/// <remarks>
/// <code>
/// transition       from              to        also
/// BeginLoad        any               Loading   forgets what was heard, the doubt, and the open inquiry: its answer will count for nothing
/// Load             any               Loaded    forgets the open inquiry; what was heard since BeginLoad counts
/// FailLoad         Loading           Away      counts the failures
/// Distrust         Loaded, Behind    Away      as BeginLoad
/// Postpone         Loading           Away      the storage is not open
/// Hold             Loaded            Behind    doubt, or a position that has to be reached
/// Hear             any               -         remembers the position
/// Doubt            Loaded, Behind    -         doubt
/// Confirm          Loaded, Behind    -         ends a doubt that is older than the question that a list of positions answers
/// Aim              Behind            -         remembers the position, if it is ahead of what was heard
/// Ask              Loaded, Behind    -         opens an inquiry; what was heard until now is its aim
/// TryClose         Loaded, Behind    -         closes the inquiry; false if it is not the open one
/// Reach            Loaded, Behind    -         without commits, ends a doubt that is older than the inquiry;
///                                              with some, the position that was heard counts again
/// BringUp          Behind            Loaded    no doubt
/// </code>
/// An answer is applied only if its inquiry is still the open one. The bug that this prevents: the host asks what came after revision 1 of
/// an epoch; the history of the storage is replaced, and the collection is read again at revision 1 of the next epoch; the answer about
/// the old one arrives, and its revision 2 fits.
/// <para>
/// A doubt ends in two ways: an answer names no commit, or a list confirms all that was committed before a moment after the doubt arose.
/// The bug that the second one prevents: a host goes on after a suspension, and others commit to a collection so often that each answer
/// names a commit. The collection would not be served before the others pause.
/// </para>
/// </remarks>
internal sealed class Standing
{
    private Position? _heard;  // where the collection stands by what was heard since the last inquiry
    private Position? _aim;    // while it is behind: where it may be served again, whatever is committed meanwhile
    private bool _doubted;     // it may be behind by a distance that nobody knows
    private bool _doubtedSinceAsked; // so that the answer to the inquiry does not end the doubt
    private long _doubtedAt;   // a list that was asked for later ends the doubt
    private bool _unconfirmed; // only a list that names the collection ends it
    private Inquiry? _inquiry; // is under way

    public CollectionState State { get; private set; } = CollectionState.Loading;

    /// <summary>Whether the collection is in memory, even if it has to be brought up to date first.</summary>
    public bool WasRead => State is CollectionState.Loaded or CollectionState.Behind;

    /// <summary>Whether the collection may be behind by an unknown distance.</summary>
    public bool Doubted => _doubted;

    /// <summary>Failed loads in a row.</summary>
    public int FailedLoads { get; private set; }

    public void BeginLoad() => Enter(CollectionState.Loading);

    public void Load() => (State, FailedLoads, _inquiry) = (CollectionState.Loaded, 0, null);

    public void FailLoad() => (State, FailedLoads) = (CollectionState.Away, FailedLoads + 1);

    public void Distrust()
    {
        if (WasRead) Enter(CollectionState.Away);
    }

    public void Postpone() => Enter(CollectionState.Away);

    /// <summary>Stops serving the collection until it is brought up to date; false if it is not served anyway.</summary>
    /// <param name="now">The time, by the monotonic clock.</param>
    /// <param name="aim">
    /// The position at which it may be served again; null if that is not known, so that it has to be asked about until nothing comes. A
    /// collection to which others commit all the time would never be served again without an aim.
    /// </param>
    public bool TryHold(long now, Position? aim = null)
    {
        if (State != CollectionState.Loaded) return false;
        State = CollectionState.Behind;
        if (aim is null) Doubt(now);
        else Aim(aim.Value);
        return true;
    }

    public void Hear(Position position) => _heard = position;

    /// <summary>The collection stands at least there.</summary>
    public void Aim(Position position)
    {
        if (_heard is not { } heard || IsAhead(position, heard)) _heard = position;
        if (_aim is not { } aim || IsAhead(position, aim)) _aim = position;
    }

    /// <summary>The collection may be behind by an unknown distance.</summary>
    /// <param name="now">The time, by the monotonic clock.</param>
    /// <param name="unconfirmed">
    /// Whether no list was heard before, so that a list that does not name the collection says nothing about the time before the doubt.
    /// </param>
    public void Doubt(long now, bool unconfirmed = false)
    {
        if (!WasRead) return;
        _unconfirmed = unconfirmed || (_doubted && _unconfirmed);
        (_doubted, _doubtedSinceAsked, _doubtedAt) = (true, true, now);
    }

    /// <summary>The lists that were heard name all commits up to a time.</summary>
    /// <param name="askedAt">The time.</param>
    /// <param name="named">Whether the last list names the position of the collection, which is then known.</param>
    public void Confirm(long askedAt, bool named = false)
    {
        if (!_doubted || _doubtedAt >= askedAt || (_unconfirmed && !named)) return;
        (_doubted, _doubtedSinceAsked) = (false, false);
        _aim ??= _heard ?? _inquiry?.Heard;
    }

    /// <summary>Whether the collection holds what it was held back for. Others may have committed more since.</summary>
    public bool MayBeServed(Position here) => !_doubted && (_aim is not { } aim || !IsAhead(aim, here));

    /// <summary>Whether the collection is behind what was heard of it; if not, that is forgotten.</summary>
    public bool IsBehind(Position here)
    {
        if (!WasRead || _heard is not { } heard) return false;
        if (IsAhead(heard, here)) return true;
        _heard = null;
        return false;
    }

    /// <summary>Opens an inquiry.</summary>
    public Inquiry Ask(Collection collection)
    {
        _inquiry = new(collection, new(collection.Key, collection.Position), _heard);
        (_heard, _doubtedSinceAsked) = (null, false); // what is read from now on has it
        return _inquiry;
    }

    /// <summary>Closes an inquiry; false if its answer is obsolete, because the collection was read as a whole since.</summary>
    public bool TryClose(Inquiry inquiry)
    {
        if (_inquiry != inquiry) return false;
        _inquiry = null;
        return true;
    }

    /// <summary>The answer to an inquiry was applied.</summary>
    /// <param name="inquiry">The inquiry.</param>
    /// <param name="empty">Whether the answer contained no commit. Otherwise the newest commits may have been omitted.</param>
    public void Reach(Inquiry inquiry, bool empty)
    {
        if (empty) _doubted = _doubtedSinceAsked;
        else _heard ??= inquiry.Heard;
        if (empty && _heard is null) _aim = null;
    }

    /// <summary>The collection contains all known commits; false if it was served anyway.</summary>
    public bool TryBringUp()
    {
        if (State != CollectionState.Behind) return false;
        (State, _doubted, _aim) = (CollectionState.Loaded, false, null);
        return true;
    }

    /// <summary>Whether a collection has not reached a position, or the position belongs to another epoch.</summary>
    public static bool IsAhead(Position known, Position here) => known.Epoch != here.Epoch || known.Revision > here.Revision;

    private void Enter(CollectionState state) =>
        (State, _heard, _aim, _doubted, _doubtedSinceAsked, _inquiry) = (state, null, null, false, false, null);
}
