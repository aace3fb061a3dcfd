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

    [LoggerMessage(2202, LogLevel.Information, "A token from {Address} was refused: {Reason}")]
    public static partial void WrongToken(ILogger logger, IPAddress? address, string reason);

    [LoggerMessage(2203, LogLevel.Warning, "The keys at {Url} could not be fetched, and those that were fetched before stay: {Reason}")]
    public static partial void NoKeys(ILogger logger, Uri url, string reason);

    [LoggerMessage(2204, LogLevel.Information, "Access: {Issuers} issuers of tokens, {Keys} API keys, cookie {Cookie}")]
    public static partial void Configured(ILogger logger, int issuers, int keys, string cookie);

    [LoggerMessage(2205, LogLevel.Warning, "Nobody may do anything: \"access\" has no \"rules\"")]
    public static partial void NoRules(ILogger logger);
}
