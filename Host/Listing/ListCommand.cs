using SharedState.Host.Plugins;
using SharedState.Host.Services;

namespace SharedState.Host.Listing;

/// <summary><c>--plugins</c>: prints the list of plugins. Only with <c>--check</c> it asks the services whether they would open.</summary>
/// <param name="json">Whether to print JSON.</param>
internal sealed class ListCommand(bool json)
{
    // The width for files and for other programs.
    private const int PlainWidth = 120;

    /// <param name="asked">The configuration file of the command line.</param>
    /// <param name="standard">The folder of the plugins that come with the host.</param>
    /// <returns>The exit code: 0 if everything is in order, else 1.</returns>
    public int Run(string? asked, string standard)
    {
        // Without a configuration, the list contains the plugins beside the program.
        using var installation = Installation.FindFile(asked) is { } file ? Installation.Read(file, standard, listen: false) : null;
        return Write(installation?.Plugins ?? PluginFolders.Scan(standard, [], PluginPins.None), installation, []);
    }

    /// <summary>The same with <c>--check</c>: lists also whether each service would open.</summary>
    public async Task<int> CheckAsync(Installation installation, IReadOnlyList<ServicePlan> services) =>
        Write(installation.Plugins, installation, await ServiceCheck.ListAsync(services, installation.Config.Limits));

    private int Write(PluginFolders folders, Installation? installation, IReadOnlyList<ListedService> services)
    {
        var pins = installation?.Config.Pins ?? PluginPins.None;
        var list = PluginList.Make(folders, pins, installation?.Plans ?? [], services, null);
        Console.Write(json ? list.ToJson() + "\n" : Text().Write(list));
        foreach (var mistake in installation?.Mistakes ?? []) Console.Error.WriteLine(mistake);
        foreach (var stray in pins.Strays(folders)) Console.Error.WriteLine(stray);
        return list.Good && installation is not { Mistakes.Count: > 0 } ? 0 : 1;
    }

    private static PluginText Text() => Console.IsOutputRedirected
        ? new(PlainWidth, colours: false)
        : new(Math.Clamp(Console.WindowWidth, 60, 160), string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")));
}
