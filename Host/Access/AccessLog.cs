using System.Net;

namespace SharedState.Host.Access;

/// <summary>The log messages of doors and identity: ids 2200-2299. None contains a token.</summary>
internal static partial class AccessLog
{
    [LoggerMessage(2200, LogLevel.Information,
        "A request from {Address} was refused: its Origin {Origin} is not among service.origins")]
    public static partial void WrongOrigin(ILogger logger, IPAddress? address, string origin);

    [LoggerMessage(2201, LogLevel.Information,
        "A request from {Address} was refused: its Host {Host} is not a name of this server; service.hosts lists more names")]
    public static partial void WrongHost(ILogger logger, IPAddress? address, string host);
}
