namespace SharedState.Host.Tests.Guarantees;

/// <summary>The kinds of lifetimes.</summary>
internal enum LifeKind
{
    Permanent,
    Ttl,
    Connection,
    Holder,
}

/// <summary>An update of a <see cref="LifetimeModel"/> that gives a lifetime to items, and its answer.</summary>
/// <param name="number">Its number; items of an insert have it in the field <c>w</c>.</param>
/// <param name="kind">The kind of lifetime.</param>
/// <param name="peer">The client.</param>
/// <param name="holder">The holder, if the kind has one.</param>
/// <param name="ttl">The time, if the kind has one.</param>
/// <param name="sentAt">When the client sent it.</param>
internal sealed class LifetimeClaim(int number, LifeKind kind, LifePeer peer, string holder, TimeSpan ttl, DateTimeOffset sentAt)
{
    // A request is answered within 10 s; a commit that was given up may still have an effect.
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(20);

    public int Number => number;

    public LifeKind Kind => kind;

    public LifePeer Peer => peer;

    public string Holder => holder;

    public TimeSpan Ttl => ttl;

    public DateTimeOffset SentAt => sentAt;

    public DateTimeOffset? AnsweredAt { get; private set; }

    public bool Accepted { get; private set; }

    /// <summary>Whether it certainly has no effect.</summary>
    public bool Refused { get; private set; }

    /// <summary>Whether requests of the client were open when it was sent, so that its answer may be older than it looks.</summary>
    public bool InPipeline { get; init; }

    /// <summary>The first and the last moment at which its time can end.</summary>
    public DateTimeOffset FirstEnd => (Accepted && !InPipeline ? AnsweredAt!.Value : sentAt) + ttl;

    public DateTimeOffset LastEnd => (Accepted ? AnsweredAt!.Value : sentAt + AnswerTime) + ttl;

    /// <summary>Notes the answer.</summary>
    public void Answer(string code, DateTimeOffset at)
    {
        (AnsweredAt, Accepted) = (at, code == "ok");
        Refused = code is not ("ok" or "unknown");
    }

    /// <summary>Whether it came to its end before another one was sent.</summary>
    public bool Precedes(LifetimeClaim other) => (Accepted || Refused) && AnsweredAt < other.SentAt;

    public override string ToString() =>
        $"write {number}, {kind}, ttl {ttl}, holder {holder}, at {sentAt:mm:ss.fff}, answered {AnsweredAt:mm:ss.fff}";
}
