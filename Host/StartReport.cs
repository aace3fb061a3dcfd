using SharedState.Host.Access;
using SharedState.Host.Changes;
using SharedState.Host.Configuration;
using SharedState.Host.Diagnostics;
using SharedState.Host.Services;

namespace SharedState.Host;

/// <summary>The log lines of a start: the addresses, the services, the limits and the open doors.</summary>
internal static class StartReport
{
    public static void Write(ILogger logger, Installation installation, Limits limits, ServiceSet services, Doors doors)
    {
        var (config, sockets) = (installation.Config, installation.Sockets!);
        var urls = string.Join(", ", sockets.Urls(config.Tls is null ? "http" : "https"));
        Log.Listening(logger, HostVersion.Text, urls, config.File.FullPath);
        WriteServices(logger, installation, services);
        Log.Limits(logger, string.Join(", ", LimitField.All.Select(limit => limit.Describe(limits))));
        WriteDoors(logger, config, sockets, doors);
    }

    /// <summary>Logs the settings that decide which clients may connect, and warns if all may. After each change of them, too.</summary>
    public static void WriteDoors(ILogger logger, HostConfig config, ListenSockets sockets, Doors doors)
    {
        var (tls, compression) = (config.Tls is null ? "off" : "on", config.Compression ? "on" : "off");
        Log.Doors(logger, tls, doors.Policy.ShownOrigins, doors.Policy.ShownHosts, compression);
        if (config.Access is { } access)
        {
            AccessLog.Configured(logger, access.Issuers.Count, access.Keys.Count, access.Cookie ?? "off");
            if (access.Rules.Rules.Count == 0) AccessLog.NoRules(logger);
        }
        else if (!sockets.OnlyLoopback)
        {
            Log.OpenToTheNetwork(logger, string.Join(", ", sockets.Urls(config.Tls is null ? "http" : "https")));
        }
        if (config.Access is null && doors.Policy is { HasOrigins: false, OnlyLoopback: false }) Log.AnyOrigin(logger);
    }

    /// <summary>The plugins that cannot be used, and the state of each service.</summary>
    public static void WriteServices(ILogger logger, Installation installation, ServiceSet services)
    {
        foreach (var mistake in installation.Plugins.Mistakes) Log.PluginLeftOut(logger, mistake.ToString());
        foreach (var service in services.Services) service.Report(logger);
    }
}
