using SharedState.Host.Json;

namespace SharedState.Host.Collections;

/// <summary>An update from any source on its way to storage.</summary>
/// <param name="lane">The client.</param>
/// <param name="asked">The removals and inserts. Names each id once.</param>
/// <param name="bytes">The bytes that the update may add to its collection.</param>
/// <param name="terms">The parts that depend on the current state, or null.</param>
/// <param name="lifetime">The lifetime of the items, or null.</param>
internal abstract class PendingUpdate(
    Lane lane, ItemUpdate asked, long bytes, UpdateTerms? terms = null, Lifetime? lifetime = null)
    : PendingRequest(lane, asked.Key)
{
    // What a refusal for a failed precondition tells at most.
    public const int MostConflicts = 100;
    private const long MostConflictBytes = 1 << 20;

    private Position _stored;
    private int _awaited; // must come first: notifications to the same client, and records of the lifetime
    private IReadOnlyList<string>? _failed;
    private Error? _error;
    private volatile bool _done;

    /// <summary>The removals and inserts.</summary>
    public ItemUpdate Asked { get; private set; } = asked;

    /// <summary>The parts that depend on the current state, or null.</summary>
    public UpdateTerms? Terms { get; } = terms;

    /// <summary>The lifetime that it gives to its items, or null.</summary>
    public Lifetime? Lifetime => lifetime;

    /// <summary>The lifetime on its way; null before it was looked at, and for an update without one.</summary>
    public LeaseGrant? Grant { get; set; }

    /// <summary>When an update with a lifetime was accepted, by the monotonic clock; null if it was not.</summary>
    public long? AcceptedAt { get; set; }

    /// <summary>Whether it was accepted or refused. Any thread.</summary>
    public bool Done => _done;

    /// <summary>Whether it was refused, but may be stored.</summary>
    public bool MayBeStored { get; private set; }

    /// <summary>The update to store: the requested one, or the result of a <see cref="Draft"/>.</summary>
    public ItemUpdate Update { get; private set; } = asked;

    /// <summary>What its client may write, by the rules as they were last looked at; null for everything.</summary>
    public WriteRights? Rights { get; private set; }

    /// <summary>Whether nothing in the state that it was resolved on speaks against it.</summary>
    public bool Holds => _error is null && _failed is null;

    /// <summary>Whether the update depends on the state of the collection.</summary>
    public bool NeedsState => Terms is not null || Rights is not null;

    public long Bytes => bytes;

    /// <summary>The items that it may add to its collection.</summary>
    public int MostItems { get; } = asked.Insert.Count + (terms is null ? 0 : terms.Patches.Count + terms.Increments.Count);

    /// <summary>The items and the removals.</summary>
    public int Operations => MostItems + Asked.Remove.Count;

    /// <summary>Looks at what the client may write now: its rights may have changed while the update waited.</summary>
    public void LookAtRights() => Rights = CurrentRights();

    /// <summary>Sets the update to store, now that the state of the collection is known. The answer is that of the requested
    /// update.</summary>
    /// <param name="update">The update to store.</param>
    /// <param name="failed">The ids for which the precondition failed, so that nothing is done; null if it holds.</param>
    /// <param name="error">Another reason for which nothing is done, or null.</param>
    public void Resolve(ItemUpdate update, IReadOnlyList<string>? failed = null, Error? error = null) =>
        (Update, _failed, _error) = (update, failed, error);

    /// <summary>Marks the items to insert with the token of their lifetime.</summary>
    public void Mark(ulong token)
    {
        Item[] marked = [.. Asked.Insert.Select(item => new Item(item.Id, WhiteSpaceMark.Append(item.Json.Span, token)))];
        Update = Asked = new() { Key = Asked.Key, Reset = Asked.Reset, Remove = Asked.Remove, Insert = marked };
    }

    /// <summary>
    /// The update is stored, applied and told. Answers as soon as the subscriptions of the same client to the collection have the update,
    /// too: a client that awaits its update reads it locally.
    /// </summary>
    public void Settle(Position stored)
    {
        _stored = stored;
        _awaited += 2; // for the records of its lifetime, and for the end of this method
        if (Lifetime is null || !Holds || Lane.Writer.TryAccept(this)) Confirm(recorded: true);
        foreach (var subscription in Lane.Behind)
        {
            if (subscription.Collection != Collection) continue;
            (subscription.HeldReplies ??= []).Add(this);
            _awaited++;
        }
        Release();
    }

    /// <summary>The records of its lifetime say no time that is too early; or, if they are not stored, perhaps they do.</summary>
    public void Confirm(bool recorded)
    {
        if (recorded) _done = true;
        else _error = Error.OutcomeUnknown;
        Release();
    }

    /// <summary>Something for which the answer waited has happened: a subscription is current, or gone.</summary>
    public void Release()
    {
        if (--_awaited == 0) Answer();
    }

    /// <summary>Notes a refusal.</summary>
    protected void NoteRefusal(Error error)
    {
        MayBeStored = error == Error.OutcomeUnknown;
        _done = true;
    }

    /// <summary>What the client may write now; null for everything.</summary>
    protected virtual WriteRights? CurrentRights() => null;

    /// <summary>Answers that the update is stored.</summary>
    protected abstract void Answer(Position stored);

    /// <summary>Answers that the precondition failed, so that nothing was done.</summary>
    /// <param name="position">The current position of the collection.</param>
    /// <param name="conflicts">The items for which the precondition failed, as they are now.</param>
    protected abstract void Refuse(Position position, IReadOnlyList<ItemConflict> conflicts);

    private void Answer()
    {
        // An update may be judged several times, and is counted once.
        if (_error?.Code == Error.Forbidden.Code) Rights?.Refused?.Invoke();
        if (_error is not null) Refuse(_error);
        else if (_failed is not null) Refuse(Collection!.Position, [.. Conflicts(_failed)]);
        else Answer(_stored);
    }

    private IEnumerable<ItemConflict> Conflicts(IReadOnlyList<string> ids)
    {
        var left = AwaitsClient ? 0 : MostConflictBytes; // a client that does not read gets the ids alone
        foreach (var id in ids)
        {
            var item = Collection!.Find(id);
            if (item is { } found && Rights?.Read.Sees(found) == false) item = null;
            left -= item?.Length ?? 0;
            yield return new(id, left < 0 && item is not null ? ReadOnlyMemory<byte>.Empty : item);
        }
    }
}
