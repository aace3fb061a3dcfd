namespace SharedState.Host.Connections;

/// <summary>The results of <see cref="MessageReader.TryRead"/>.</summary>
internal enum Incoming
{
    /// <summary>Not enough bytes for a frame yet.</summary>
    Nothing,

    /// <summary>A frame that needs no answer by itself: a fragment, a pong.</summary>
    Passed,

    /// <summary>A whole message, text or binary.</summary>
    Message,

    /// <summary>A ping, to be answered with its payload.</summary>
    Ping,

    /// <summary>A close frame.</summary>
    Close,
}
