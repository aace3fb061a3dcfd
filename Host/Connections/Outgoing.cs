namespace SharedState.Host.Connections;

/// <summary>What <see cref="Outbox.Take"/> found.</summary>
internal enum Outgoing
{
    /// <summary>Nothing now: the sender is woken when something comes.</summary>
    Nothing,

    /// <summary>Frames, to be written.</summary>
    Frames,

    /// <summary>Nothing, and nothing will come any more.</summary>
    End,
}
