namespace SharedState.Host.Connections;

/// <summary>The results of <see cref="Outbox.Take"/>.</summary>
internal enum Outgoing
{
    /// <summary>No frames now: the next frame wakes the sender.</summary>
    Nothing,

    /// <summary>Frames, to be written.</summary>
    Frames,

    /// <summary>No frames, now or later.</summary>
    End,
}
