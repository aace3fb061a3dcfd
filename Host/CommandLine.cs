namespace SharedState.Host;

/// <summary>What was typed after the program's name.</summary>
internal sealed record CommandLine
{
    public const string Usage = """
        Usage: sharedstate [FILE] [options]
               sharedstate plugin test DIR    tests a plugin; --help after it tells more

        Serves live JSON collections as FILE says; without FILE: ./plugins.json,
        or else the plugins.json beside the program.

          --check        check the file, open each service once, say what was found
          --plugins      list the installed plugins: what they are, which keys they
                         take, who uses them, and what keeps them from being used;
                         as JSON with --json; --check tells what opens as well
          --log FORMAT   text (for people) or json (for programs)
          --version
          --help
        """;

    public string? File { get; private init; }

    public bool Check { get; private init; }

    public bool Plugins { get; private init; }

    /// <summary>Whether the list of plugins is JSON, for programs.</summary>
    public bool Json { get; private init; }

    /// <summary>Whether the log is JSON lines; null: as the file says.</summary>
    public bool? JsonLog { get; private init; }

    public bool Version { get; private init; }

    public bool Help { get; private init; }

    /// <summary>What is wrong, as a sentence; null if nothing is.</summary>
    public string? Mistake { get; private init; }

    public static CommandLine Parse(IReadOnlyList<string> arguments)
    {
        var command = new CommandLine();
        for (var i = 0; i < arguments.Count; i++)
        {
            switch (arguments[i])
            {
                case "--check": command = command with { Check = true }; break;
                case "--plugins": command = command with { Plugins = true }; break;
                case "--json": command = command with { Json = true }; break;
                case "--version": command = command with { Version = true }; break;
                case "--help" or "-h": command = command with { Help = true }; break;
                case "--log" when arguments.ElementAtOrDefault(i + 1) is "text" or "json":
                    command = command with { JsonLog = arguments[++i] == "json" };
                    break;
                case "--log": return new() { Mistake = "--log must be followed by text or json" };
                case ['-', ..] option: return new() { Mistake = $"unknown option {option}; --help lists them" };
                case var file when command.File is null: command = command with { File = file }; break;
                default: return new() { Mistake = $"one configuration file is enough: {command.File} or {arguments[i]}?" };
            }
        }
        return command switch
        {
            { Json: true, Plugins: false } => new() { Mistake = "--json goes with --plugins; for a log of JSON lines: --log json" },
            _ => command,
        };
    }
}
