using SharedState.Host.Configuration;
using SharedState.Host.JsonFiles;
using SharedState.Host.Plugins;

namespace SharedState.Host.Services;

/// <summary>The configuration file, checked against the installed plugins and against this computer.</summary>
internal sealed class Installation : IDisposable
{
    /// <summary>The file that is looked for in the current folder.</summary>
    private const string FoundFile = "plugins.json";

    private Installation(HostConfig config, PluginFolders plugins, IReadOnlyList<ServicePlan> plans, ListenSockets? sockets) =>
        (Config, Plugins, Plans, Sockets) = (config, plugins, plans, sockets);

    public HostConfig Config { get; }

    public PluginFolders Plugins { get; }

    public IReadOnlyList<ServicePlan> Plans { get; }

    /// <summary>The bound sockets; null if binding was not requested.</summary>
    public ListenSockets? Sockets { get; }

    /// <summary>All mistakes in the file. With a mistake, the host must not start.</summary>
    public IReadOnlyList<Mistake> Mistakes => [.. Config.File.Mistakes];

    /// <summary>
    /// The sentences for the operator if the host must not start: the mistakes, and the plugins that were left out, because an unknown
    /// module may belong to one of them. Empty if the file has no mistake.
    /// </summary>
    public IReadOnlyList<string> Complaints => Mistakes.Count == 0 ? []
        : [.. Mistakes.Select(mistake => mistake.ToString()), .. Plugins.Mistakes.Select(mistake => $"a plugin is left out: {mistake}")];

    /// <param name="file">The configuration file.</param>
    /// <param name="plugins">The folder of the plugins that come with the host.</param>
    /// <param name="listen">Whether to bind the sockets.</param>
    /// <param name="loaded">For a running host: see <see cref="ServicePlan.Make"/>.</param>
    public static Installation Read(string file, string plugins, bool listen, Func<ServiceConfig, Plugin?>? loaded = null)
    {
        var config = HostConfig.Read(JsonFile.Read(file));
        var folders = PluginFolders.Scan(plugins, config.PluginFolders, config.Pins);
        var plans = ServicePlan.Make(config, folders, loaded);
        return new(config, folders, plans, listen && config.File.Root is not null ? ListenSockets.Bind(config) : null);
    }

    /// <summary>
    /// The configuration file: the requested one, otherwise <c>plugins.json</c> in the current folder, otherwise the one beside the
    /// program. Null if there is none.
    /// </summary>
    public static string? FindFile(string? asked) =>
        asked ?? new[] { FoundFile, Path.Combine(AppContext.BaseDirectory, "plugins.json") }.FirstOrDefault(File.Exists);

    /// <summary>
    /// Refuses, as a sentence, to run the plugins of a file that was found in the current folder and not named: whoever may write to a
    /// folder could have put it there, for the next person who works in it. Null if the file adds no plugin folders.
    /// </summary>
    public string? FindForeignCode() => Config.File.Name == FoundFile && Config.PluginFolders is [_, ..] folders
        ? $"{Config.File.FullPath} was found in this folder, and runs the plugins in {string.Join(" and ", folders)}. " +
            $"If you trust them, name the file: sharedstate {FoundFile}"
        : null;

    public void Dispose() => Sockets?.Dispose();
}
