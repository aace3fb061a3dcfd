namespace SharedState.Bench.Load.Dialects;

/// <summary>What a message from a server is.</summary>
internal enum MessageKind
{
    /// <summary>A change, or a whole collection, for a subscriber.</summary>
    Notice,

    /// <summary>The reply to a writer's update.</summary>
    Acknowledgement,

    /// <summary>The reply to anything else.</summary>
    Answer,
}

/// <summary>What the checks need to know of one message.</summary>
internal readonly record struct Message(MessageKind Kind)
{
    /// <summary>Of a notice: the revision to which it leads; without positions, 0.</summary>
    public long Revision { get; init; }

    /// <summary>Of a notice: the revision on which it builds; -1 for a whole collection.</summary>
    public long Previous { get; init; }

    /// <summary>Of a notice: the last item's stamp, which is the writer's number and which of its updates it is.</summary>
    public Stamp Stamp { get; init; }

    /// <summary>Of an acknowledgement: which of the writer's updates it is for; -1 if it does not say.</summary>
    public long Update { get; init; }
}
