using System.Diagnostics;
using System.Globalization;

namespace SharedState.Bench.Load.Contestants;

/// <summary>How a contestant's server is set up.</summary>
/// <param name="Contestant">What to start.</param>
internal sealed record Setup(Contestant Contestant)
{
    private const string ServerCore = "0";

    /// <summary>Where a Shared State keeps its items: a file's name, or in memory.</summary>
    public string Database { get; init; } = ":memory:";

    /// <summary>A Shared State's limits, as in its configuration.</summary>
    public string Limits { get; init; } = "{}";

    /// <summary>How to start it, in a folder, on the servers' core.</summary>
    /// <param name="folder">Where its data goes.</param>
    /// <param name="port">Where it listens; 0 for any port.</param>
    public ProcessStartInfo Start(DirectoryInfo folder, int port)
    {
        var config = Path.Combine(folder.FullName, "bench.json");
        File.WriteAllText(config, $$"""
            {"service": {"host": "127.0.0.1", "port": {{port}}, "limits": {{Limits}} },
             "services": [{"name": "items", "module": "items_service",
                           "config": {"db_type": "sqlite", "db_name": "{{Database}}", "db_table": "items"} }]}
            """);
        string Filled(string argument) => argument
            .Replace("CONFIG", config, StringComparison.Ordinal)
            .Replace("PORT", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        return new("taskset", ["-c", ServerCore, Contestant.Program, .. Contestant.Arguments.Select(Filled)])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = folder.FullName,
        };
    }
}
