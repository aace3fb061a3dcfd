namespace SharedState.Host;

/// <summary>The parsed arguments of the program.</summary>
internal sealed record CommandLine
{
    public const string Usage = """
        Usage: sharedstate [FILE] [options]
               sharedstate plugin test DIR    tests a plugin; --help after it tells more
               sharedstate access FILE ..     explains access rules; --help after it
                                              tells more

        Serves live JSON collections as configured in FILE; without FILE, in
        ./plugins.json, or else in the plugins.json beside the program. A file
        that lists folders with plugins has to be named.

          --check        check the file and the storages, and print what a start
                         would create or alter; changes nothing
          --plugins      list the installed plugins with their keys, the services
                         that use them and the reasons why they cannot be used;
                         as JSON with --json; with --check also check the storages
          --log FORMAT   text (for people) or json (for programs)
          --version
          --help
        """;

    public string? File { get; private init; }

    public bool Check { get; private init; }

    public bool Plugins { get; private init; }

    /// <summary>Whether the list of plugins is JSON, for programs.</summary>
    public bool Json { get; private init; }

    /// <summary>Whether the log consists of JSON lines; null: as configured.</summary>
    public bool? JsonLog { get; private init; }

    public bool Version { get; private init; }

    public bool Help { get; private init; }

    /// <summary>The mistake in the arguments, as a sentence; null if there is none.</summary>
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
