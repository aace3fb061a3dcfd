using System.Text.RegularExpressions;
using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>What the configuration says about one table of one database.</summary>
internal sealed partial record MySqlOptions
{
    /// <summary>The key of <see cref="KeyFromServer"/>.</summary>
    public const string KeyFromServerKey = "allow_public_key_retrieval";

    public required string Host { get; init; }

    public required int Port { get; init; }

    public required string User { get; init; }

    public required string Password { get; init; }

    public required string Database { get; init; }

    /// <summary>The table of the items: <c>[A-Za-z0-9_]{1,64}</c>, so that it may stand in SQL as it is.</summary>
    public required string Table { get; init; }

    public required int PoolMinimum { get; init; }

    public required int PoolMaximum { get; init; }

    /// <summary>Whether to encrypt; the paths count only then.</summary>
    public required bool Encrypted { get; init; }

    /// <summary>Whether to take the key that protects the password from the server, without encryption and so unchecked.</summary>
    public required bool KeyFromServer { get; init; }

    public string? AuthorityFile { get; init; }

    public string? CertificateFile { get; init; }

    public string? KeyFile { get; init; }

    /// <summary>
    /// How long a row that another transaction has locked is waited for: so that three attempts fit into the time of a commit.
    /// </summary>
    public int LockSeconds { get; init; } = 2;

    /// <summary>How long a statement may take, and how long a connection or a free place in the pool is waited for.</summary>
    public int CommandSeconds { get; init; } = 5;

    /// <summary>
    /// How many removals of a collection the database remembers before the oldest are forgotten. The bound is this or the collection's
    /// number of items, whichever is more, so that remembered removals cost no more than the items do. Over it, a quarter goes at once.
    /// </summary>
    public int RemovalsKept { get; init; } = 10_000;

    /// <summary>How often it is asked what other hosts committed, while something happens.</summary>
    public required TimeSpan PollInterval { get; init; }

    /// <summary>A Redis through which hosts wake each other, in the words of its driver; null without one. May hold a password.</summary>
    public required string? Wakeup { get; init; }

    /// <summary>An update of more bytes is only mentioned to other hosts: they read the collection.</summary>
    public int CommitBytes { get; init; } = 256 << 10;

    /// <summary>How many bytes of commits are read at a time, but for the first of each collection.</summary>
    public int AnswerBytes { get; init; } = 4 << 20;

    /// <summary>
    /// How long commits are kept for other hosts: longer than any of them is away without having to read its collections anew.
    /// </summary>
    public TimeSpan CommitsAge { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>About how many commits are kept.</summary>
    public int CommitsKept { get; init; } = 100_000;

    /// <summary>How often it is looked whether old ones are to be removed; up to twice as rarely.</summary>
    public TimeSpan PruneInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// After this time a commit of which only the number was seen is looked for with care, and given up if it is nowhere. Longer than
    /// transactions take.
    /// </summary>
    public TimeSpan GapTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Called after each statement of a migration; tests interrupt there.</summary>
    public Action<string> AfterStep { get; init; } = _ => { };

    /// <summary>The database in the words of a message.</summary>
    public string Name => $"{Database} at {Server}";

    /// <summary>The server in the words of a message.</summary>
    public string Server => IsSocket ? Host : $"{Host}:{Port}";

    private static readonly string _noKey = Path.Combine(Path.GetTempPath(), $"no-key-{Guid.NewGuid():N}");

    private bool IsSocket => Host.StartsWith('/');

    /// <summary>Reads and checks the configuration.</summary>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Config"/>.</exception>
    public static MySqlOptions From(ItemServiceContext context)
    {
        var options = new MySqlOptions
        {
            Database = Matching(
                context.GetRequiredString("db_name"), DatabaseName(), "db_name",
                "must be 1 to 64 characters, none of them a slash, a backtick or a control character, and the last no dot or blank"),
            Table = Matching(
                context.GetString("db_table", "items"), TableName(), "db_table", "must be 1 to 64 letters, digits and underscores"),
            Host = Matching(
                context.GetString("db_host", "localhost"), HostName(), "db_host", "must be a name, an address, or the path of a socket"),
            Port = context.GetInt32("db_port", 3306, 1, 65535),
            User = Matching(context.GetRequiredString("db_user"), UserName(), "db_user", "must be 1 to 128 characters"),
            Password = context.GetString("db_password", ""),
            PoolMinimum = context.GetInt32("db_pool_minsize", 1, 0, 1000),
            PoolMaximum = context.GetInt32("db_pool_maxsize", 10, 1, 1000),
            Encrypted = context.GetBoolean("ssl.enabled", false),
            KeyFromServer = context.GetBoolean(KeyFromServerKey, false),
            PollInterval = TimeSpan.FromMilliseconds(context.GetInt32("poll_interval_ms", 50, 5, 500)),
            Wakeup = context.GetString("wakeup", "") is { Length: > 0 } wakeup ? wakeup : null,
        };
        if (options.Wakeup is not null && !MySql.Wakeup.TryParse(options.Wakeup, out _))
        {
            throw Wrong("wakeup", "must be the address of a Redis and options of its driver, as in localhost:6379,password=..");
        }
        if (options.PoolMinimum > options.PoolMaximum) throw Wrong("db_pool_minsize", "must not be more than \"db_pool_maxsize\"");
        if (!options.Encrypted) return options;

        options = options with { AuthorityFile = FileOf("ssl.ca"), CertificateFile = FileOf("ssl.cert"), KeyFile = FileOf("ssl.key") };
        if (options.IsSocket)
            throw Wrong("ssl.enabled", "must be false with a socket's path in \"db_host\": nothing leaves the machine there");
        if (options.CertificateFile is null != options.KeyFile is null)
        {
            throw Wrong(
                options.KeyFile is null ? "ssl.cert" : "ssl.key", "must come together with its other half: \"ssl.cert\" and \"ssl.key\"");
        }
        return options;

        string? FileOf(string key) =>
            context.GetPath(key) is not { } path || File.Exists(path)
                ? context.GetPath(key)
                : throw Wrong(key, $"names {path}, which is not there");
    }

    /// <summary>How the driver connects.</summary>
    /// <param name="database">The database to begin in; empty for none.</param>
    public MySqlConnectionStringBuilder Connection(string database) => new()
    {
        Server = Host,
        Port = (uint)Port,
        ConnectionProtocol = IsSocket ? MySqlConnectionProtocol.UnixSocket : MySqlConnectionProtocol.Sockets,
        UserID = User,
        Password = Password,
        Database = database,
        ApplicationName = "sharedstate",
        SslMode = Encrypted ? MySqlSslMode.VerifyFull : MySqlSslMode.None,
        SslCa = AuthorityFile ?? "",
        SslCert = CertificateFile ?? "",
        SslKey = KeyFile ?? "",
        // MySQL 8 wants the password under its key. Whoever answers in its place offers a key too, and reads the password. On loopback
        // the driver would take that key in any case, unless it has a file to look for one in.
        AllowPublicKeyRetrieval = KeyFromServer || IsSocket,
        ServerRsaPublicKeyFile = KeyFromServer || IsSocket ? "" : _noKey,
        MinimumPoolSize = (uint)PoolMinimum,
        MaximumPoolSize = (uint)PoolMaximum,
        ConnectionTimeout = (uint)CommandSeconds,
        DefaultCommandTimeout = (uint)CommandSeconds,
        CancellationTimeout = 1,
        // Each transaction ends before its connection goes back, so there is nothing to reset but what has been set for good.
        ConnectionReset = false,
        IgnoreCommandTransaction = true,
    };

    private static string Matching(string value, Regex pattern, string key, string message) =>
        pattern.IsMatch(value) ? value : throw Wrong(key, message);

    private static ItemServiceException Wrong(string key, string message) =>
        new(ItemServiceFault.Config, $"\"{key}\" {message}") { ConfigKey = key };

    [GeneratedRegex(@"\A[^`/\\\p{C}]{0,63}[^`/\\\p{C}. ]\z")]
    private static partial Regex DatabaseName();

    [GeneratedRegex(@"\A[A-Za-z0-9_]{1,64}\z")]
    private static partial Regex TableName();

    [GeneratedRegex(@"\A[^\s\p{C},;]{1,255}\z")]
    private static partial Regex HostName();

    [GeneratedRegex(@"\A\P{C}{1,128}\z")]
    private static partial Regex UserName();
}
