using System.Diagnostics;
using SharedState.Host.Tests;

namespace SharedState.EndToEnd.Tests;

/// <summary>
/// A user with a new home who has followed the first steps of docs/PLUGINS.md: the packages are built, and the tool and the template are
/// installed from them. The machine's folder of packages is a fallback, and there is no other source of packages.
/// </summary>
public sealed class Newcomer : IAsyncLifetime, IDisposable
{
    private readonly TempFolder _home = new();

    /// <summary>A version that no older package has.</summary>
    public string Version { get; } = $"1.1.{Random.Shared.Next(100_000, int.MaxValue)}";

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
        // No process that is started here stays.
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["UseSharedCompilation"] = "false",
    };

    private static string OrdinaryPackages =>
        System.Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    public string this[string name] => _home[name];

    public async Task InitializeAsync()
    {
        _home.Write(".nuget/NuGet/NuGet.Config", $"""
            <configuration>
              <fallbackPackageFolders><add key="ordinary" value="{OrdinaryPackages}" /></fallbackPackageFolders>
            </configuration>
            """);

        // The repository's own folders stay as they are. The build output is kept beside the tests, for the next run.
        await RunAsync(PluginPage.Blocks[0], Repository.Root, new()
        {
            ["NUGET_PACKAGES"] = OrdinaryPackages,
            ["PackageVersion"] = Version,
            ["ArtifactsPath"] = Path.Combine(AppContext.BaseDirectory, "packing"),
            ["UseArtifactsOutput"] = "true",
            // As in every other build of the repository: the compiler's server may have begun with the last one. The analyzers have had their say by then.
            ["UseSharedCompilation"] = "true",
            ["RunAnalyzers"] = "false",
        });
        await RunAsync(PluginPage.Blocks[1], _home.FullName);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _home.Dispose();

    /// <summary>Makes a folder for one test.</summary>
    public string NewFolder() => Directory.CreateDirectory(_home[$"work-{Guid.NewGuid():N}"]).FullName;

    /// <summary>Runs commands in a shell, and returns their output and the shell's last folder. Each command must succeed.</summary>
    public async Task<(string Output, string Folder)> RunAsync(string commands, string folder, Dictionary<string, string>? variables = null)
    {
        var (good, output, end) = await TryAsync(commands, folder, variables);
        return good ? (output, end) : throw new InvalidOperationException($"{commands}\n{output}");
    }

    /// <summary>The same, but a command may fail, which ends the shell.</summary>
    public async Task<(bool Good, string Output, string Folder)> TryAsync(string commands, string folder, Dictionary<string, string>? variables = null)
    {
        var place = _home[$"place-{Guid.NewGuid():N}"];
        var start = new ProcessStartInfo("bash", ["-ec", $"exec 2>&1\n{commands}\npwd > {place}"]) { WorkingDirectory = folder, RedirectStandardOutput = true };
        foreach (var name in start.Environment.Keys.ToArray())
        {
            if (name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || name.StartsWith("VSTEST", StringComparison.Ordinal) || name == "NUGET_PACKAGES") start.Environment.Remove(name);
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
