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
        Log.Doors(logger, config.Tls is null ? "off" : "on", doors.Description, config.Compression ? "on" : "off");
        if (config.Access is { } access)
        {
            AccessLog.Configured(logger, access.Issuers.Count, access.Keys.Count, access.Cookie ?? "off");
            if (access.Rules.Rules.Count == 0) AccessLog.NoRules(logger);
        }
        else if (!sockets.OnlyLoopback)
        {
            Log.OpenToTheNetwork(logger, urls);
        }
        if (config.Access is null && !doors.HasOrigins && !doors.OnlyLoopback) Log.AnyOrigin(logger);
    }

    /// <summary>The plugins that cannot be used, and the state of each service.</summary>
    public static void WriteServices(ILogger logger, Installation installation, ServiceSet services)
    {
        foreach (var mistake in installation.Plugins.Mistakes) Log.PluginLeftOut(logger, mistake.ToString());
        foreach (var service in services.Services) service.Report(logger);
    }
}
