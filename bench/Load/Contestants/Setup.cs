using System.Diagnostics;
using System.Globalization;

namespace SharedState.Bench.Load.Contestants;

/// <summary>How a contestant's server is set up.</summary>
/// <param name="Contestant">What to start.</param>
internal sealed record Setup(Contestant Contestant)
{
    /// <summary>Where a Shared State keeps its items: a file's name, or in memory.</summary>
    public string Database { get; init; } = ":memory:";

    /// <summary>The configuration of a Shared State's service, where it is another storage than SQLite.</summary>
    public string? Service { get; init; }

    /// <summary>On which cores it runs; as a rule the first, since the load has the last.</summary>
    public string Cores { get; init; } = "0";

    /// <summary>The command that runs the server's, word by word.</summary>
    public IReadOnlyList<string> Launcher { get; init; } = [];

    /// <summary>A Shared State's limits, as in its configuration.</summary>
    public string Limits { get; init; } = "{}";

    /// <summary>A Shared State's access, as in its configuration; null for none.</summary>
    public string? Access { get; init; }

    /// <summary>How to start it, in a folder, on its cores.</summary>
    /// <param name="folder">Where its data goes.</param>
    /// <param name="port">Where it listens; 0 for any port.</param>
    public ProcessStartInfo Start(DirectoryInfo folder, int port)
    {
        var config = Path.Combine(folder.FullName, "bench.json");
        var service = Service ?? $$"""{"db_type": "sqlite", "db_name": "{{Database}}", "db_table": "items"}""";
        var access = Access is null ? "" : $$""" "access": {{Access}},"""; // older hosts do not know it
        File.WriteAllText(config, $$"""
            {"service": {"host": "127.0.0.1", "port": {{port}}, "limits": {{Limits}} },{{access}}
             "services": [{"name": "items", "module": "items_service", "config": {{service}} }]}
            """);
        string Filled(string argument) => argument
            .Replace("CONFIG", config, StringComparison.Ordinal)
            .Replace("PORT", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        string[] command = [.. Launcher, "taskset", "-c", Cores, Contestant.Program, .. Contestant.Arguments.Select(Filled)];
        return new(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = folder.FullName,
        };
    }
}
