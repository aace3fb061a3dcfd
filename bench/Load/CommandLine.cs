using System.Globalization;

namespace SharedState.Bench.Load;

/// <summary>What was asked for on the command line.</summary>
internal sealed record CommandLine
{
    public const string Usage = """
        usage: load --ceilings DIR --host LABEL=DIR... [CELL...] [--quick] [--rounds N] [--self-check]
          CELL       a workload (fan-out) or some of its cells (fan-out/100x100B); none means all but hosts
          --host     a published Shared State that takes part; several are measured in the same rounds
        """;

    public List<string> Cells { get; } = [];

    public List<(string Label, string Folder)> Hosts { get; } = [];

    public string Ceilings { get; private set; } = "";

    public bool Quick { get; private set; }

    public bool SelfCheck { get; private set; }

    /// <summary>How often each contestant is measured in a cell.</summary>
    public int Rounds { get; private set; }

    /// <summary>Null if it cannot be understood.</summary>
    public static CommandLine? Parse(string[] arguments)
    {
        var command = new CommandLine();
        for (var index = 0; index < arguments.Length; index++)
        {
            var argument = arguments[index];
            if (argument == "--quick") command.Quick = true;
            else if (argument == "--self-check") command.SelfCheck = true;
            else if (!argument.StartsWith("--", StringComparison.Ordinal)) command.Cells.Add(argument.TrimEnd('/'));
            else if (index + 1 == arguments.Length || !command.TryTake(argument, arguments[++index])) return null;
        }
        if (command.Rounds == 0) command.Rounds = command.Quick ? 1 : 3;
        return command.Ceilings.Length > 0 && command.Hosts.Count > 0 ? command : null;
    }

    private bool TryTake(string name, string value)
    {
        switch (name)
        {
            case "--ceilings":
                Ceilings = Path.GetFullPath(value);
                return true;
            case "--host":
                var parts = value.Split('=', 2);
                Hosts.Add(
                    parts.Length == 2
                        ? (parts[0], Path.GetFullPath(parts[1]))
                        : (Path.GetFileName(value.TrimEnd('/')), Path.GetFullPath(value)));
                return true;
            case "--rounds":
                Rounds = int.TryParse(value, CultureInfo.InvariantCulture, out var rounds) ? rounds : 0;
                return Rounds > 0;
            default:
                return false;
        }
    }
}
