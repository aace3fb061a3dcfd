using System.Text;
using System.Text.Json;
using SharedState.Host.Access;
using SharedState.Host.Configuration;
using SharedState.Host.JsonFiles;
using SharedState.Host.Protocol;

namespace SharedState.Host;

/// <summary><c>sharedstate access FILE</c>: explains what the access rules of a configuration allow.</summary>
internal static class AccessMode
{
    public const string Usage = """
        Usage: sharedstate access FILE --as TOKEN|anonymous --op OPERATION --path PATH [--item FILE] [--before FILE]

        Tells whether the access rules in FILE allow an operation: for each rule that it
        allows the operation, or why it does not.

          --as       a token, an API key, or anonymous
          --op       read, insert, update, remove, reset or list
          --path     the path, like /app/service/collection
          --item     a file with the item; for an update, as it would become
          --before   a file with the item before an update; without it, only the item
                     as it would become is checked

        Exit codes: 0 allowed, 1 refused, 2 the command line or the configuration is wrong.
        """;

    private const int MostItemBytes = 64 << 20;

    private static readonly string[] Operations =
        [.. RuleExplanation.OfItems, RuleExplanation.Reset, RuleExplanation.List];

    public static bool IsAsked(IReadOnlyList<string> arguments) => arguments is ["access", ..];

    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter errors)
    {
        if (arguments.Any(argument => argument is "--help" or "-h"))
        {
            await output.WriteLineAsync(Usage);
            return 0;
        }
        try
        {
            var (config, given) = Read(arguments);
            var identity = await IdentifyAsync(config, given["--as"]);
            var operation = new Operation(given["--op"], Segments(given), Item(given, "--item"), Item(given, "--before"));
            var (allowed, lines) = new RuleExplanation(config.Rules, identity, TimeProvider.System.GetUtcNow()).Explain(operation);
            var client = identity.IsAnonymous ? "an anonymous client" : $"the user {identity.User ?? "without a name"}";
            await output.WriteLineAsync($"{(allowed ? "allowed" : "refused")}: {client}, {operation.Verb} at {given["--path"]}");
            foreach (var line in lines) await output.WriteLineAsync($"  {line}");
            if (lines.Count == 0) await output.WriteLineAsync("  there are no rules");
            foreach (var rule in config.Rules.Rules.Where(rule => rule.Path.Matches(operation.Path, out _)))
            {
                foreach (var remark in RuleRemarks.OfNames(rule)) await output.WriteLineAsync($"  {remark}");
            }
            return allowed ? 0 : 1;
        }
        catch (ArgumentException e)
        {
            await errors.WriteLineAsync(e.Message);
            return 2;
        }
    }

    private static (AccessConfig Config, Dictionary<string, string> Given) Read(string[] arguments)
    {
        string[] options = ["--as", "--op", "--path", "--item", "--before"];
        var given = new Dictionary<string, string>();
        if (arguments is not [_, var name, .. var rest] || name.StartsWith('-'))
            throw new ArgumentException("the name of the configuration file is missing; see sharedstate access --help");
        for (var index = 0; index < rest.Length; index += 2)
        {
            if (!options.Contains(rest[index])) throw new ArgumentException($"unknown option {rest[index]}; see sharedstate access --help");
            if (index + 1 == rest.Length) throw new ArgumentException($"{rest[index]} must be followed by a value");
            given[rest[index]] = rest[index + 1];
        }
        foreach (var option in options[..3])
        {
            if (!given.ContainsKey(option)) throw new ArgumentException($"{option} is missing; see sharedstate access --help");
        }
        if (!Operations.Contains(given["--op"])) throw new ArgumentException($"--op is one of {string.Join(", ", Operations)}");
        if (RuleExplanation.OfItems.Contains(given["--op"]) && !given.ContainsKey("--item"))
            throw new ArgumentException($"--op {given["--op"]} needs an item: --item FILE");
        var config = HostConfig.Read(JsonFile.Read(name));
        if (config.File.Mistakes.FirstOrDefault() is { } mistake) throw new ArgumentException(mistake.ToString());
        var access = config.Access ?? throw new ArgumentException($"{name} has no \"access\": everyone may do everything");
        CheckPath(given, config);
        return (access, given);
    }

    private static string[] Segments(Dictionary<string, string> given) =>
        given["--path"].Split('/', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Refuses a path at which no server would do the operation: its rules have nothing to say about it.</summary>
    private static void CheckPath(Dictionary<string, string> given, HostConfig config)
    {
        var path = Segments(given);
        if (given["--op"] == RuleExplanation.List)
        {
            if (path.Length is not (0 or 2))
                throw new ArgumentException($"--path: --op list is for / and for /app/service; this path has {path.Length} segments");
        }
        else if (!CollectionPath.TryParse(given["--path"], config.Limits, out _, out var error))
        {
            throw new ArgumentException($"--path: {error.Message}");
        }
        if (path.Length > 0 && !config.Services.Any(service => service.Name == path[1]))
        {
            var services = config.Services.Select(service => service.Name);
            throw new ArgumentException($"--path: no service is named {path[1]}; the services are {string.Join(", ", services)}");
        }
    }

    private static async Task<Identity> IdentifyAsync(AccessConfig config, string token)
    {
        if (token == "anonymous") return Identity.Anonymous;
        var reasons = new StringLogger();
        using var access = new AccessControl(TimeProvider.System, reasons);
        access.Set(config);
        var (identity, reason) = await access.Policy!.CheckAsync(token, CancellationToken.None);
        return identity ?? throw new ArgumentException($"the token is not valid: {reason}. {reasons}".TrimEnd());
    }

    private static ReadOnlyMemory<byte>? Item(Dictionary<string, string> given, string option)
    {
        if (!given.TryGetValue(option, out var name)) return null;
        try
        {
            var item = SmallFile.Read(Path.GetFullPath(name), MostItemBytes);
            using var document = JsonDocument.Parse(item);
            return document.RootElement.ValueKind == JsonValueKind.Object ? item : throw new ArgumentException($"{name} is no JSON object");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new ArgumentException($"{name} cannot be read: {JsonFile.Reason(e)}");
        }
    }

    /// <summary>Keeps the log, which says why the keys of an issuer could not be fetched.</summary>
    private sealed class StringLogger : ILogger
    {
        private readonly StringBuilder _text = new();

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _text.Append(formatter(state, exception));

        public override string ToString() => _text.ToString();
    }
}
