using System.Text.Json.Serialization;

namespace SharedState.Host.PluginTest;

/// <summary>The arguments of <c>plugin test</c>: the plugin, and its author's statements about it.</summary>
internal sealed record TestRequest
{
    public const string Usage = """
        Usage: sharedstate plugin test DIR [options]

        Loads the plugin in DIR as the host would, and tests the contract, its behaviour in faults
        (a kill, a cancellation, a wrong configuration) and its throughput beside Items.Sqlite.

          --config KEY=VALUE   a key of the service's config; {new} in a value stands for a new
                               name for each storage that a test needs. Default: db_name={new}
          --other KEY=VALUE    a different value for a second service in the same storage
          --not-durable        committed items need not survive the service, as in memory
          --limit SECONDS      time limit of a test: 60
          --only WORDS         tests only the promises whose sentence contains these words
          --json               prints the card as JSON, for programs
          --junit FILE         writes the promises to FILE as well, as JUnit test cases

        Exit code: 0 all promises are kept, 1 a promise is broken, 2 the command line is wrong.
        """;

    public string Folder { get; init; } = "";

    public Dictionary<string, string> Config { get; init; } = [];

    /// <summary>The values of a second service that differ from <see cref="Config"/>; empty: no second service.</summary>
    public Dictionary<string, string> Other { get; init; } = [];

    public bool IsDurable { get; init; } = true;

    /// <summary>Words of the promises to test; null: all promises and the throughput.</summary>
    public string? Only { get; init; }

    /// <summary>Whether the card is JSON.</summary>
    public bool Json { get; init; }

    /// <summary>The file for the promises in the form of JUnit; null: none.</summary>
    public string? JUnit { get; init; }

    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The folder for the files of the tests; the examination creates and deletes it.</summary>
    public string Scratch { get; init; } = "";

    /// <summary>The mistake in the arguments, as a sentence; null if there is none.</summary>
    [JsonIgnore]
    public string? Mistake { get; private init; }

    public static TestRequest Parse(IReadOnlyList<string> arguments)
    {
        var request = new TestRequest();
        for (var i = 0; i < arguments.Count; i++)
        {
            var value = arguments.ElementAtOrDefault(i + 1);
            switch (arguments[i])
            {
                case "--config" or "--other" when value?.IndexOf('=', StringComparison.Ordinal) > 0:
                    var values = arguments[i++] == "--config" ? request.Config : request.Other;
                    values[value.Split('=', 2)[0]] = value.Split('=', 2)[1];
                    break;
                case "--not-durable": request = request with { IsDurable = false }; break;
                case "--limit" when int.TryParse(value, out var seconds) && seconds is > 0 and <= 3_600:
                    request = request with { Limit = TimeSpan.FromSeconds(seconds) };
                    i++;
                    break;
                case "--json": request = request with { Json = true }; break;
                case "--junit" when value is not null:
                    request = request with { JUnit = Path.GetFullPath(value) };
                    i++;
                    break;
                case "--junit": return new() { Mistake = "--junit must be followed by the name of a file" };
                case "--only" when value is not null:
                    request = request with { Only = value };
                    i++;
                    break;
                case "--only": return new() { Mistake = "--only must be followed by words of a promise" };
                case "--config" or "--other": return new() { Mistake = $"{arguments[i]} must be followed by KEY=VALUE" };
                case "--limit": return new() { Mistake = "--limit must be followed by a number of seconds from 1 to 3600" };
                case ['-', ..] option: return new() { Mistake = $"unknown option {option}; sharedstate plugin test --help lists them" };
                case var folder when request.Folder.Length == 0: request = request with { Folder = Path.GetFullPath(folder) }; break;
                default: return new() { Mistake = $"one plugin is tested at a time: {request.Folder} or {arguments[i]}?" };
            }
        }
        if (request.Folder.Length == 0) return new() { Mistake = "which plugin? sharedstate plugin test DIR" };
        return Directory.Exists(request.Folder) ? request : new() { Mistake = $"there is no folder {request.Folder}" };
    }
}
