namespace SharedState.Host.Diagnostics;

/// <summary>
/// The log messages about start and stop (ids 1000-1099) and about plugins (1100-1199). Each message has one caller.
/// </summary>
internal static partial class Log
{
    [LoggerMessage(1000, LogLevel.Information, "Shared State {Version} listens on {Urls}; configuration: {File}")]
    public static partial void Listening(ILogger logger, string version, string urls, string file);

    [LoggerMessage(1001, LogLevel.Information, "Limits: {Limits}")]
    public static partial void Limits(ILogger logger, string limits);

    [LoggerMessage(1002, LogLevel.Information, "Doors: TLS {Tls}, origins {Origins}, hosts {Hosts}, compression {Compression}")]
    public static partial void Doors(ILogger logger, string tls, string origins, string hosts, string compression);

    [LoggerMessage(1003, LogLevel.Information, "Admin side: {Urls}, GET /plugins, /metrics, /healthz and /readyz")]
    public static partial void AdminSide(ILogger logger, string urls);

    [LoggerMessage(1010, LogLevel.Warning,
        "Anyone who can reach {Urls} may read and write everything: there are no access rules. " +
        "Add \"access\" with rules to the configuration, restrict access with a firewall or a proxy, or set service.host to \"localhost\"")]
    public static partial void OpenToTheNetwork(ILogger logger, string urls);

    [LoggerMessage(1011, LogLevel.Warning,
        "Pages from any origin may connect: list the allowed origins in service.origins, like [\"https://example.org\"]")]
    public static partial void AnyOrigin(ILogger logger);

    [LoggerMessage(1012, LogLevel.Critical, "No service can run; the host ends")]
    public static partial void NothingRuns(ILogger logger);

    [LoggerMessage(1013, LogLevel.Warning,
        "The system allows this process only enough descriptors for {Connections} connections, not for {Configured}: " +
        "raise ulimit -n (or LimitNOFILE of the service), or lower service.limits.connections")]
    public static partial void FewDescriptors(ILogger logger, int connections, int configured);

    [LoggerMessage(1014, LogLevel.Warning, "A connection could not be accepted; the host tries again: {Reason}")]
    public static partial void NotAccepted(ILogger logger, string reason);

    [LoggerMessage(1015, LogLevel.Warning,
        "Anyone who can reach {Urls} may read which plugins and services this host has, and their problems: " +
        "restrict access with a firewall, or set service.admin.host to \"localhost\"")]
    public static partial void AdminOpenToTheNetwork(ILogger logger, string urls);

    [LoggerMessage(1016, LogLevel.Warning,
        "A connection that did not finish its handshake made room for a newer one: {Places} may be unfinished, the limit of handshakes")]
    public static partial void HandshakeCut(ILogger logger, int places);

    [LoggerMessage(1017, LogLevel.Critical,
        "The system lets this process have {Most} descriptors, of which {Open} are open before the first client connects: " +
        "raise ulimit -n (or LimitNOFILE of the service) to at least {Needed}")]
    public static partial void TooFewDescriptors(ILogger logger, int most, int open, int needed);

    [LoggerMessage(1018, LogLevel.Warning, "The supervisor that NOTIFY_SOCKET names could not be told the state of the host: {Reason}")]
    public static partial void SupervisorGone(ILogger logger, string reason);

    [LoggerMessage(1020, LogLevel.Information, "Stopping")]
    public static partial void Stopping(ILogger logger);

    [LoggerMessage(1021, LogLevel.Warning, "A storage did not close in time; the program ends without waiting for it")]
    public static partial void StorageStillBusy(ILogger logger);

    [LoggerMessage(1030, LogLevel.Information, "New handshakes use the changed certificate {File}, valid until {NotAfter:u}")]
    public static partial void CertificateChanged(ILogger logger, string file, DateTime notAfter);

    [LoggerMessage(1031, LogLevel.Error, "The changed certificate cannot be used; the old one stays: {Reason}")]
    public static partial void CertificateKept(ILogger logger, string reason);

    [LoggerMessage(1032, LogLevel.Warning, "The certificate {File} is not valid, so that clients refuse it: {Reason}")]
    public static partial void CertificateInvalid(ILogger logger, string file, string reason);

    [LoggerMessage(1033, LogLevel.Warning, "The certificate {File} expires in {Days} days, at {NotAfter:u}: renew it")]
    public static partial void CertificateExpires(ILogger logger, string file, int days, DateTime notAfter);

    [LoggerMessage(1100, LogLevel.Information, "Service {Service}: {Plugin}, {Storage}")]
    public static partial void ServiceConfigured(ILogger logger, string service, string plugin, string storage);

    [LoggerMessage(1101, LogLevel.Error, "Service {Service} does not run: {Reason}")]
    public static partial void ServiceRefused(ILogger logger, string service, string reason, Exception? cause);

    [LoggerMessage(1102, LogLevel.Warning, "A plugin is left out: {Reason}")]
    public static partial void PluginLeftOut(ILogger logger, string reason);

    [LoggerMessage(1103, LogLevel.Warning, "Service {Service}: {Plugin}, {Storage}; not open yet: {Reason}")]
    public static partial void ServiceNotOpen(ILogger logger, string service, string plugin, string storage, string reason);
}
