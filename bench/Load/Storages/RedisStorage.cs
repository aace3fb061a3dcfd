using System.Globalization;

namespace SharedState.Bench.Load.Storages;

/// <summary>A Redis with an append-only file.</summary>
internal sealed class RedisStorage : Storage
{
    /// <param name="flushes">When it brings the file onto the disk: <c>always</c>, which is before it answers, or <c>everysec</c>.</param>
    public RedisStorage(string flushes) =>
        Server.Start(
            "redis-server", "--port", $"{Server.Port}", "--bind", "127.0.0.1", "--dir", Server.Folder, "--save", "", "--appendonly", "yes",
            "--appendfsync", flushes, "--maxmemory-policy", "noeviction");

    /// <summary>Why there can't be one; null where there can.</summary>
    public static string? Missing =>
        OwnProcess.Find("redis-server") is null || OwnProcess.Find("redis-cli") is null ? "redis-server is not installed" : null;

    /// <summary>Where it is, in the words of the driver.</summary>
    public string Address => $"127.0.0.1:{Server.Port}";

    public override string Service(string table) =>
        $$"""{"db_type": "redis", "db_host": "127.0.0.1", "db_port": {{Server.Port}}, "db_name": "0", "db_table": "{{table}}"}""";

    /// <summary>For each command how often it ran, and under its name with <c>us</c> behind how many microseconds of Redis it
    /// took.</summary>
    public override IReadOnlyDictionary<string, double> Counts()
    {
        var counts = new Dictionary<string, double>();
        foreach (var line in OwnProcess.Run("redis-cli", "-p", $"{Server.Port}", "info", "commandstats").Split('\n'))
        {
            // cmdstat_evalsha:calls=21,usec=175,usec_per_call=8.33,rejected_calls=0,failed_calls=0
            if (!line.StartsWith("cmdstat_", StringComparison.Ordinal)) continue;
            var parts = line["cmdstat_".Length..].Split(':', '=', ',');
            if (parts[0] == "info") continue; // this question
            counts[parts[0]] = double.Parse(parts[2], CultureInfo.InvariantCulture);
            counts[parts[0] + " us"] = double.Parse(parts[4], CultureInfo.InvariantCulture);
        }
        return counts;
    }
}
