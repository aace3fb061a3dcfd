using System.Text;

namespace SharedState.Host.Configuration;

/// <summary>One entry of <c>services</c>.</summary>
internal sealed class ServiceConfig
{
    private const int MaximumNameBytes = 512;

    private readonly JsonFile _file;
    private readonly JsonNode _node;

    private ServiceConfig(JsonFile file, JsonNode node) => (_file, _node) = (file, node);

    public required string Name { get; init; }

    public required JsonNode NameNode { get; init; }

    public required string Module { get; init; }

    public required JsonNode ModuleNode { get; init; }

    /// <summary>The <c>config</c>, flattened, secrets resolved; keys whose value is null too.</summary>
    public required IReadOnlyList<ConfigEntry> Entries { get; init; }

    /// <summary>The storage that is wanted; null if the configuration does not say.</summary>
    public string? DbType => this["db_type"];

    /// <summary>A value of the <c>config</c>; null where there is none.</summary>
    public string? this[string key] => Entries.FirstOrDefault(entry => entry.Key == key && entry.HasValue)?.Node.Text;

    /// <summary>What relative paths in the <c>config</c> are relative to.</summary>
    public string BaseDirectory => _file.Directory;

    /// <summary>Where the service stores, for the log: <c>sqlite, data/items.db, items</c>.</summary>
    public string Storage => string.Join(", ", Entries
        .Where(entry => entry.HasValue && entry.Key is "db_type" or "db_host" or "db_name" or "db_table")
        .Select(entry => IsSecret(entry) ? "***" : entry.Node.Text));

    /// <summary>Whether any value of this service may be a secret.</summary>
    public bool HasSecrets => Secrets.Count > 0;

    /// <summary>The keys whose values may be secrets.</summary>
    public IEnumerable<string> SecretKeys => Entries.Where(IsSecret).Select(entry => entry.Key);

    /// <summary>A text, for the log, without those values of this service that may be secrets.</summary>
    public string Redact(string text) =>
        Secrets.Aggregate(text, (redacted, secret) => redacted.Replace(secret, "***", StringComparison.Ordinal));

    /// <summary>Adds a mistake in this service's <c>config</c>: at the key if it is there, else at the service.</summary>
    public void Add(string? key, string sentence) => _file.Add(NodeOf(key), sentence);

    /// <summary>Adds a mistake about a key itself.</summary>
    public void AddUnknown(ConfigEntry entry, string sentence) => _file.Add(entry.Place, entry.Node.Path, sentence);

    /// <summary>The same as a sentence by itself, for what is found out later.</summary>
    public string At(string? key, string sentence) => new Mistake(_file.Name, NodeOf(key).Place, NodeOf(key).Path, sentence).ToString();

    /// <summary>Reads one entry; null if its name, module or config cannot be read.</summary>
    public static ServiceConfig? Read(JsonFile file, JsonNode node)
    {
        var fields = new JsonFields(file, node);
        var name = fields.RequiredText("name");
        var module = fields.RequiredText("module");
        var entries = ConfigEntry.ReadAll(file, fields.Object("config"));
        fields.End();
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

    // The longest first: one may be a part of another, whose rest would be left.
    private IReadOnlyList<string> Secrets => field ??=
        [.. Entries.Where(IsSecret).Select(entry => entry.Node.Text).Where(text => text.Length > 0).Distinct().OrderByDescending(text => text.Length)];

    private JsonNode NodeOf(string? key) => Entries.FirstOrDefault(entry => entry.Key == key)?.Node ?? _node;

    // What is referred to was put elsewhere for a reason.
    private static bool IsSecret(ConfigEntry entry) =>
        entry.Node.Referred || entry.Key.Contains("password", StringComparison.OrdinalIgnoreCase);
}
