namespace SharedState.Host.Connections;

/// <summary>
/// Why the server ends a connection. The standard's codes where it has one. Of the server's own, 4000-4499 tell a client to come back,
/// 4500-4999 not to.
/// </summary>
internal enum CloseCode : ushort
{
    /// <summary>The client asked for it.</summary>
    Normal = 1000,

    /// <summary>The server is stopping; come back.</summary>
    GoingAway = 1001,

    /// <summary>The client broke the WebSocket protocol.</summary>
    ProtocolError = 1002,

    /// <summary>A text is not UTF-8.</summary>
    InvalidPayload = 1007,

    /// <summary>A message was over the limit in bytes, fragments or time.</summary>
    MessageTooBig = 1009,

    /// <summary>Something failed in the server; come back.</summary>
    InternalError = 1011,

    /// <summary>The server has as many connections as it may have; come back later.</summary>
    TooManyConnections = 4000,
}
