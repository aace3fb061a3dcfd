using SharedState.Host.Configuration;
using SharedState.Host.Plugins;

namespace SharedState.Host.Listing;

/// <summary><c>--plugins</c>: says what is in the plugins' folders. Opens nothing and changes nothing, but for <c>--check</c>.</summary>
internal static class ListCommand
{
    // For a file or another program: as wide as a log's lines are read.
    private const int PlainWidth = 120;

    /// <param name="command">Of it, the file and the form.</param>
    /// <param name="standard">The folder of the plugins that come with the host.</param>
    /// <returns>0 if there is nothing to mend, else 1.</returns>
    public static int Run(CommandLine command, string standard)
    {
        // Without a configuration there is still the folder beside the program.
        using var installation = Installation.FindFile(command.File) is { } file ? Installation.Read(file, standard, listen: false) : null;
        return Write(command, installation?.Plugins ?? PluginFolders.Scan(standard, []), installation, []);
    }

    /// <summary>The same with <c>--check</c>: each service is opened once, and what came of it is in the list.</summary>
    public static async Task<int> CheckAsync(CommandLine command, Installation installation, IReadOnlyList<ServiceSetup> services) =>
        Write(command, installation.Plugins, installation, await ServiceCheck.FindAsync(services, installation.Config.Limits));

    private static int Write(CommandLine command, PluginFolders folders, Installation? installation, IReadOnlyList<ListedService> services)
    {
        var pins = installation?.Config.Pins ?? PluginPins.None;
        var list = PluginList.Make(folders, pins, installation?.Plans ?? [], services, null);
        Console.Write(command.Json ? list.ToJson() + "\n" : Text().Write(list));
        foreach (var mistake in installation?.Mistakes ?? []) Console.Error.WriteLine(mistake);
        foreach (var stray in pins.Strays(folders)) Console.Error.WriteLine(stray);
        return list.Good && installation is not { Mistakes.Count: > 0 } ? 0 : 1;
    }

    private static PluginText Text() => Console.IsOutputRedirected
        ? new(PlainWidth, colours: false)
        : new(Math.Clamp(Console.WindowWidth, 60, 160), string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")));
}
