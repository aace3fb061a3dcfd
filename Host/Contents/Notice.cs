namespace SharedState.Host.Contents;

/// <summary>One change of a notice.</summary>
/// <param name="Since">The revision that it builds on.</param>
/// <param name="Revision">The resulting revision.</param>
/// <param name="Start">Where its body starts in the notice's text.</param>
/// <param name="Length">The bytes of its body.</param>
/// <param name="Total">For a view with a limit: the resulting number of items that match; otherwise null.</param>
internal readonly record struct Change(long Since, long Revision, int Start, int Length, long? Total = null);

/// <summary>
/// The news for the followers of a view: all its items, a difference, or a run of consecutive changes. Shared by all
/// followers; a message that one follower makes of a notice is kept for the others.
/// </summary>
internal sealed class Notice
{
    // The largest run that is reused. The memory of a burst is not kept.
    private const int KeptChanges = 64;

    private readonly TextBuffer? _run;
    private readonly ReadOnlyMemory<byte> _body;
    private object? _format, _message;                       // most followers of a collection spell it alike
    private Dictionary<object, object>? _others;

    /// <summary>All items of a view, or a difference.</summary>
    /// <param name="since">The position that the notice builds on; null for all items.</param>
    /// <param name="position">The resulting position.</param>
    /// <param name="body">For all items, a JSON list; otherwise the removed ids (a JSON list), <c>,"insert":</c> and the
    /// changed items (a JSON list).</param>
    /// <param name="cuts">Where the body may be cut.</param>
    /// <param name="total">For a view with a limit: the number of items that match.</param>
    public Notice(Position? since, Position position, ReadOnlyMemory<byte> body, Cuts cuts, long? total)
    {
        (Since, Position, _body, Cuts) = (since, position, body, cuts);
        Changes.Add(new(since?.Revision ?? 0, position.Revision, 0, body.Length, total));
    }

    /// <summary>An empty run of changes.</summary>
    public Notice() => _run = new();

    /// <summary>The position that it builds on; null for all items.</summary>
    public Position? Since { get; private set; }

    /// <summary>The resulting position.</summary>
    public Position Position { get; private set; }

    /// <summary>Its changes, oldest first: one, or several in a run.</summary>
    public List<Change> Changes { get; } = [];

    /// <summary>The places at which the body may be cut, if the notice is not a run.</summary>
    public Cuts? Cuts { get; }

    /// <summary>Whether its bytes never change, so that a message may share them; otherwise they are valid during the turn.</summary>
    public bool Lasting => _run is null;

    /// <summary>The bytes of all its bodies.</summary>
    public int Bytes => _run?.Length ?? _body.Length;

    /// <summary>The body of one of its changes.</summary>
    public ReadOnlyMemory<byte> Body(Change change) => _run?.Slice(change.Start, change.Length) ?? _body.Slice(change.Start, change.Length);

    /// <summary>The message that a format makes of this notice: made once for all equal formats.</summary>
    public TMessage In<TFormat, TMessage>(TFormat format, Func<Notice, TFormat, TMessage> make)
        where TFormat : class
        where TMessage : class
    {
        if (ReferenceEquals(_format, format) || format.Equals(_format)) return (TMessage)_message!;
        if (_format is null)
        {
            _message = make(this, format);
            _format = format;
            return (TMessage)_message;
        }
        if ((_others ??= []).TryGetValue(format, out var known)) return (TMessage)known;
        var message = make(this, format);
        _others.Add(format, message);
        return message;
    }

    /// <summary>Adds the newest change of a collection to a run.</summary>
    /// <param name="bodies">The collection's.</param>
    /// <param name="before">The position of the collection before the change.</param>
    public void Add(Bodies bodies, Position before)
    {
        if (Changes.Count == 0) Since = before;
        var start = _run!.Length;
        bodies.WriteChanges(_run, before.Revision);
        Changes.Add(new(before.Revision, bodies.Position.Revision, start, _run.Length - start));
        Position = bodies.Position;
    }

    /// <summary>Adds a change of a view to a run.</summary>
    public void Add(ViewChange change)
    {
        if (Changes.Count == 0) Since = change.Before;
        var start = _run!.Length;
        change.Write(_run, cuts: null);
        Changes.Add(new(change.Before.Revision, change.After.Revision, start, _run.Length - start, change.Total));
        Position = change.After;
    }

    /// <summary>Empties a run, to be used again.</summary>
    public void Clear()
    {
        Changes.Clear();
        if (Changes.Capacity > KeptChanges) Changes.Capacity = 0;
        (Since, _format, _message, _others) = (null, null, null, null);
        _run!.Release();
    }
}
