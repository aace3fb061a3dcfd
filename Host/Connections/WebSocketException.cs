namespace SharedState.Host.Connections;

/// <summary>What a client sent cannot be answered: the connection ends with a close code.</summary>
internal sealed class WebSocketException(CloseCode code, string reason) : Exception(reason)
{
    public CloseCode Code { get; } = code;
}
