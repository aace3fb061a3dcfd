using SharedState.Host.Plugins;

namespace SharedState.Host.Configuration;

/// <summary>
/// What the configuration file asks for, checked as a whole: against the plugins that are installed, and against this computer.
/// </summary>
internal sealed class Installation : IDisposable
{
    private Installation(HostConfig config, PluginFolders plugins, IReadOnlyList<ServicePlan> plans, ListenSockets? sockets) =>
        (Config, Plugins, Plans, Sockets) = (config, plugins, plans, sockets);

    public HostConfig Config { get; }

    public PluginFolders Plugins { get; }

    public IReadOnlyList<ServicePlan> Plans { get; }

    /// <summary>Where to listen; null if that was not asked for.</summary>
    public ListenSockets? Sockets { get; }

    /// <summary>What is wrong in the file, all of it. If there is anything, the host must not start.</summary>
    public IReadOnlyList<Mistake> Mistakes => [.. Config.File.Mistakes];

    /// <summary>
    /// What to tell the operator if the host must not start: the mistakes, and the plugins that were left out, since an unknown module may
    /// be that of one of them. Empty without a mistake in the file.
    /// </summary>
    public IReadOnlyList<string> Complaints => Mistakes.Count == 0 ? []
        : [.. Mistakes.Select(mistake => mistake.ToString()), .. Plugins.Mistakes.Select(mistake => $"a plugin is left out: {mistake}")];

    /// <param name="file">The configuration file.</param>
    /// <param name="plugins">The folder of the plugins that come with the host.</param>
    /// <param name="listen">Whether to bind the sockets as well.</param>
    /// <param name="loaded">For a host that runs: see <see cref="ServicePlan.Make"/>.</param>
    public static Installation Read(string file, string plugins, bool listen, Func<ServiceConfig, Plugin?>? loaded = null)
    {
        var config = HostConfig.Read(JsonFile.Read(file));
        var folders = PluginFolders.Scan(plugins, config.PluginFolders);
        var plans = ServicePlan.Make(config, folders, loaded);
        return new(config, folders, plans, listen && config.File.Root is not null ? ListenSockets.Bind(config) : null);
    }

    /// <summary>
    /// The file to read: what was asked for, else <c>plugins.json</c> in the working directory, else the one beside the program.
    /// Null if there is none.
    /// </summary>
    public static string? FindFile(string? asked) =>
        asked ?? new[] { "plugins.json", Path.Combine(AppContext.BaseDirectory, "plugins.json") }.FirstOrDefault(File.Exists);

    public void Dispose() => Sockets?.Dispose();
}
