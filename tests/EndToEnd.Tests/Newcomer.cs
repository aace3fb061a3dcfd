using System.Diagnostics;
using System.Xml.Linq;
using SharedState.Host.Tests;

namespace SharedState.EndToEnd.Tests;

/// <summary>
/// A home folder in which the first steps of docs/PLUGINS.md are done: the packages are packed, and the tool and the template are installed
/// from them. Other packages come from the user's folder of packages; there is no other source.
/// </summary>
public sealed class Newcomer : IAsyncLifetime, IDisposable
{
    private readonly TempFolder _home = new();

    /// <summary>A version of its own, so that no older package is found.</summary>
    public string Version { get; } = $"{ContractVersion}.{Random.Shared.Next(100_000, int.MaxValue)}";

    /// <summary>The environment variables of the commands.</summary>
    public Dictionary<string, string> Environment => new()
    {
        ["HOME"] = _home.FullName,
        ["PATH"] = $"{_home[".dotnet/tools"]}:{System.Environment.GetEnvironmentVariable("PATH")}",
        ["XDG_CACHE_HOME"] = _home["cache"],
        ["DOTNET_NOLOGO"] = "1",
        ["DOTNET_CLI_UI_LANGUAGE"] = "en",
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false",
        // No process outlives the command that started it.
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["UseSharedCompilation"] = "false",
    };

    private static string ContractVersion =>
        XDocument.Load(Repository.At("Directory.Build.props")).Descendants("ContractVersion").Single().Value;

    private static string OrdinaryPackages =>
        System.Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    public string this[string name] => _home[name];

    public async Task InitializeAsync()
    {
        _home.Write(".nuget/NuGet/NuGet.Config", $"""
            <configuration>
              <fallbackPackageFolders><add key="ordinary" value="{OrdinaryPackages}" /></fallbackPackageFolders>
            </configuration>
            """);

        // The build does not touch the repository's folders. It stays beside the tests, where the next run finds it.
        await RunAsync(PluginPage.Blocks[0], Repository.Root, new()
        {
            ["NUGET_PACKAGES"] = OrdinaryPackages,
            ["PackageVersion"] = Version,
            ["ArtifactsPath"] = Path.Combine(AppContext.BaseDirectory, "packing"),
            ["UseArtifactsOutput"] = "true",
            // The compiler's server of the repository's last build may still run. The analyzers have seen these sources in that build.
            ["UseSharedCompilation"] = "true",
            ["RunAnalyzers"] = "false",
        });
        await RunAsync(PluginPage.Blocks[1], _home.FullName);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _home.Dispose();

    /// <summary>Creates a folder for one test.</summary>
    public string NewFolder() => Directory.CreateDirectory(_home[$"work-{Guid.NewGuid():N}"]).FullName;

    /// <summary>Runs commands in a shell, each of which must succeed. Returns their output and the shell's last folder.</summary>
    public async Task<(string Output, string Folder)> RunAsync(string commands, string folder, Dictionary<string, string>? variables = null)
    {
        var (good, output, end) = await TryAsync(commands, folder, variables);
        return good ? (output, end) : throw new InvalidOperationException($"{commands}\n{output}");
    }

    /// <summary>Runs commands in a shell until one fails. Returns whether all succeeded, their output and the shell's last
    /// folder.</summary>
    public async Task<(bool Good, string Output, string Folder)> TryAsync(
        string commands, string folder, Dictionary<string, string>? variables = null)
    {
        var place = _home[$"place-{Guid.NewGuid():N}"];
        var start = new ProcessStartInfo("bash", ["-ec", $"exec 2>&1\n{commands}\npwd > {place}"])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
        };
        foreach (var name in start.Environment.Keys.ToArray())
        {
            if (
                name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)
                || name.StartsWith("VSTEST", StringComparison.Ordinal)
                || name == "NUGET_PACKAGES")
                start.Environment.Remove(name);
        }
        foreach (var (name, value) in Environment.Concat(variables ?? [])) start.Environment[name] = value;
        using var shell = Process.Start(start)!;
        using var late = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        try
        {
            var output = await shell.StandardOutput.ReadToEndAsync(late.Token);
            await shell.WaitForExitAsync(late.Token);
            return (shell.ExitCode == 0, output, File.Exists(place) ? (await File.ReadAllTextAsync(place, late.Token)).Trim() : folder);
        }
        catch (OperationCanceledException)
        {
            shell.Kill(entireProcessTree: true);
            throw;
        }
    }
}
