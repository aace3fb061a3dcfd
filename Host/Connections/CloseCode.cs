namespace SharedState.Host.Connections;

/// <summary>
/// The reasons for which the server ends a connection. Standard codes where they exist. Among the server's own codes, 4000-4499 tell a
/// client to connect again, 4500-4999 not to.
/// </summary>
internal enum CloseCode : ushort
{
    /// <summary>The client asked for it.</summary>
    Normal = 1000,

    /// <summary>The server is stopping; connect again.</summary>
    GoingAway = 1001,

    /// <summary>The client broke the WebSocket protocol.</summary>
    ProtocolError = 1002,

    /// <summary>A text is not UTF-8.</summary>
    InvalidPayload = 1007,

    /// <summary>A message exceeded a limit of bytes, fragments or time.</summary>
    MessageTooBig = 1009,

    /// <summary>The server failed; connect again.</summary>
    InternalError = 1011,

    /// <summary>The server has reached its limit of connections; connect again later.</summary>
    TooManyConnections = 4000,

    /// <summary>The page's origin, or the name by which it reached the server, is not listed any more; connect again later.</summary>
    NotLetIn = 4001,
}
