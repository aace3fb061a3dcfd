using System.Net;
using System.Reflection;
using SharedState.Host.Configuration;
using SharedState.Host.Plugins;

namespace SharedState.Host.Diagnostics;

/// <summary>What an operator wants to know when the host has started: where it listens, what runs, what is open.</summary>
internal static class StartReport
{
    public static string Version { get; } =
        typeof(StartReport).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public static void Write(ILogger logger, Installation installation, Limits limits, IEnumerable<ServiceSetup> services)
    {
        var (config, sockets) = (installation.Config, installation.Sockets!);
        var urls = string.Join(", ", Urls(config, sockets));
        var origins = config.Origins is null ? "any" : string.Join(" ", config.Origins);
        Log.Listening(logger, Version, urls, config.File.FullPath);
        WritePlugins(logger, installation.Plugins);
        WriteServices(logger, services);
        Log.Limits(logger, string.Join(", ", LimitField.All.Select(limit => limit.Describe(limits))));
        Log.Doors(logger, config.Tls is null ? "off" : "on", origins, config.Compression ? "on" : "off");
        if (!sockets.OnlyLoopback) Log.OpenToTheNetwork(logger, urls);
        if (config.Origins is null) Log.AnyOrigin(logger);
    }

    /// <summary>What is in a plugin folder and cannot be used.</summary>
    public static void WritePlugins(ILogger logger, PluginFolders plugins)
    {
        foreach (var mistake in plugins.Mistakes) Log.PluginLeftOut(logger, mistake.ToString());
    }

    /// <summary>What became of each service.</summary>
    public static void WriteServices(ILogger logger, IEnumerable<ServiceSetup> services)
    {
        foreach (var service in services)
        {
            if (service.Refusal is not null) Log.ServiceRefused(logger, service.Name, service.Refusal);
            else if (service.Obstacle is not null) Log.ServiceNotOpen(logger, service.Name, service.PluginTitle!, service.Storage, service.Obstacle);
            else Log.ServiceConfigured(logger, service.Name, service.PluginTitle!, service.Storage);
        }
    }

    /// <summary>Addresses to click on. All addresses of a computer are shown as the one that works on it.</summary>
    private static IEnumerable<string> Urls(HostConfig config, ListenSockets sockets)
    {
        var scheme = config.Tls is null ? "http" : "https";
        foreach (var endPoint in sockets.EndPoints.Take(config.Host == "localhost" ? 1 : int.MaxValue))
        {
            var isAny = endPoint.Address.Equals(IPAddress.Any) || endPoint.Address.Equals(IPAddress.IPv6Any);
            yield return isAny ? $"{scheme}://localhost:{endPoint.Port}/ and all other addresses of this computer"
                : config.Host == "localhost" ? $"{scheme}://localhost:{endPoint.Port}/"
                : $"{scheme}://{endPoint}/";
        }
    }
}
