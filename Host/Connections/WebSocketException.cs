namespace SharedState.Host.Connections;

/// <summary>A client sent bytes that cannot be answered: the connection ends with a close code.</summary>
internal sealed class WebSocketException(CloseCode code, string reason) : Exception(reason)
{
    public CloseCode Code { get; } = code;
}
