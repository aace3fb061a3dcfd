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
        var urls = string.Join(", ", sockets.Urls(config.Tls is null ? "http" : "https"));
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
}
