using System.Text;
using System.Text.RegularExpressions;
using SharedState.Host.JsonFiles;
using SharedState.Host.Plugins;

namespace SharedState.Host.Configuration;

/// <summary>One entry of <c>services</c>.</summary>
internal sealed class ServiceConfig
{
    /// <summary>The key of <c>config</c> that the host reads itself, for every plugin.</summary>
    public const string MigrateKey = "migrate";

    // From here on, chance does not put a secret into a word.
    private const int LongSecret = 8;

    private const string Redacted = "***";

    private const int MaximumNameBytes = 512;

    private readonly JsonFile _file;
    private readonly JsonNode _node;

    private ServiceConfig(JsonFile file, JsonNode node) => (_file, _node) = (file, node);

    public required string Name { get; init; }

    public required JsonNode NameNode { get; init; }

    public required string Module { get; init; }

    public required JsonNode ModuleNode { get; init; }

    /// <summary>The entries of <c>config</c>, flattened and with resolved references, including keys whose value is null.</summary>
    public required IReadOnlyList<ConfigEntry> Entries { get; init; }

    /// <summary>The <c>db_type</c>; null if the configuration has none.</summary>
    public string? DbType => this["db_type"];

    /// <summary>A value of <c>config</c>; null if there is none.</summary>
    public string? this[string key] => Entries.FirstOrDefault(entry => entry.Key == key && entry.HasValue)?.Node.Text;

    /// <summary>Whether a start may alter existing tables: <c>"migrate": false</c> forbids it.</summary>
    public bool MayAlter => this[MigrateKey] != "false";

    /// <summary>The base of relative paths in <c>config</c>.</summary>
    public string BaseDirectory => _file.Directory;

    /// <summary>The place of the storage, for the log and without secrets: <c>sqlite, data/items.db, items</c>.</summary>
    public string Storage => string.Join(", ", Entries
        .Where(entry => entry.HasValue && entry.Key is "db_type" or "db_host" or "db_name" or "db_table")
        .Select(entry => IsSecret(entry) ? "***" : entry.Node.Text));

    /// <summary>Whether this service has values that may be secrets.</summary>
    public bool HasSecrets => Secrets.Count > 0;

    /// <summary>The keys of the values that may be secrets.</summary>
    public IEnumerable<string> SecretKeys => Entries.Where(IsSecret).Select(entry => entry.Key);

    /// <summary>A text for the log, without the values of this service that may be secrets.</summary>
    /// <remarks>
    /// A short secret may be a part of a word by chance: replaced there, it would be told by the letters around it (<c>e***pired</c> for
    /// <c>x</c>). So a short one is replaced only where it stands alone, which is how drivers show it.
    /// </remarks>
    public string Redact(string text) => Secrets.Aggregate(text, (redacted, secret) => secret.Length >= LongSecret
        ? redacted.Replace(secret, Redacted, StringComparison.Ordinal)
        : Regex.Replace(redacted, $@"(?<![\p{{L}}\p{{N}}]){Regex.Escape(secret)}(?![\p{{L}}\p{{N}}])", Redacted));

    /// <summary>Checks the <c>config</c> against the keys of a plugin, and adds mistakes to the file.</summary>
    public void Check(PluginManifest plugin)
    {
        if (plugin.Config is null) return;
        string[] names = [.. plugin.Config.Select(key => key.Name)];
        var misspelled = new HashSet<string>();
        foreach (var entry in Entries)
        {
            if (entry.Key is "db_type" or MigrateKey) continue;
            if (plugin.Config.FirstOrDefault(key => key.Name == entry.Key) is not { } known)
            {
                _file.Add(entry.Place, entry.Node.Path, $"unknown key for {plugin.Title}; {Spelling.Hint(entry.Key, names)}");
                if (Spelling.Nearest(entry.Key, names) is { } nearest) misspelled.Add(nearest);
            }
            else if (entry.HasValue && !known.Accepts(entry.Node))
                _file.Add(NodeOf(entry.Key), $"must be {known.Wanted}, not {known.Shown(entry.Node)}");
        }
        foreach (var key in plugin.Config)
        {
            if (key.Required && this[key.Name] is null && !misspelled.Contains(key.Name))
                _file.Add(_node, $"{plugin.Title} needs \"{key.Name}\" in \"config\"");
        }
    }

    /// <summary>A sentence about a key, or about the service if the key is absent, with its place in the file.</summary>
    public string At(string? key, string sentence) => new Mistake(_file.Name, NodeOf(key).Place, NodeOf(key).Path, sentence).ToString();

    /// <summary>Reads an entry; null if its name or module is missing.</summary>
    public static ServiceConfig? Read(JsonFile file, JsonNode node)
    {
        var fields = new JsonFields(file, node);
        var name = fields.RequiredText("name");
        var module = fields.RequiredText("module");
        var entries = ConfigEntry.ReadAll(file, fields.Object("config"));
        fields.End();
        if (entries.FirstOrDefault(entry => entry.Key == MigrateKey && entry.HasValue && entry.Node.Text is not ("true" or "false")) is { } odd)
            file.Add(odd.Node, "must be true or false");
        if (name is not null && WrongName(name) is { } wrong) file.Add(fields.Take("name")!, wrong);
        if (name is null || module is null) return null;
        return new(file, node)
        {
            Name = name,
            NameNode = fields.Take("name")!,
            Module = module,
            ModuleNode = fields.Take("module")!,
            Entries = entries,
        };
    }

    private static string? WrongName(string name) =>
        name.Length == 0 ? "a service's name must not be empty"
        : Encoding.UTF8.GetByteCount(name) > MaximumNameBytes ? $"a service's name is at most {MaximumNameBytes} bytes long"
        : name.Any(char.IsControl) ? "a service's name must not hold control characters"
        : name.Contains('/') ? "a service's name must not hold a slash: it is one segment of a path"
        : name.StartsWith('.') ? "a service's name must not start with a dot: such names are the server's own"
        : null;

    // The longest first: if a secret is a part of another one, the rest of the longer one would remain.
    private IReadOnlyList<string> Secrets => field ??=
        [.. Entries.Where(IsSecret).Select(entry => entry.Node.Text).Where(text => text.Length > 0).Distinct()
            .OrderByDescending(text => text.Length)];

    private JsonNode NodeOf(string? key) => Entries.FirstOrDefault(entry => entry.Key == key)?.Node ?? _node;

    // A value that was moved to the environment or to another file is probably a secret.
    private static bool IsSecret(ConfigEntry entry) =>
        entry.Node.Referred || entry.Key.Contains("password", StringComparison.OrdinalIgnoreCase);
}
