using System.Globalization;
using System.Text.RegularExpressions;

namespace SharedState.Items.Redis;

/// <summary>What the configuration says about one service.</summary>
internal sealed partial record RedisOptions
{
    /// <summary>The servers, each <c>host:port</c>: one, some of a Cluster, or the Sentinels.</summary>
    public required IReadOnlyList<string> Addresses { get; init; }

    /// <summary>What the Sentinels call the server; null if <see cref="Addresses"/> are the servers themselves.</summary>
    public required string? SentinelService { get; init; }

    public required int Database { get; init; }

    /// <summary>What all keys begin with: <c>prefix:table</c>, or only the table.</summary>
    public required string KeyPrefix { get; init; }

    public required string Table { get; init; }

    public required string? User { get; init; }

    public required string? Password { get; init; }

    /// <summary>Null without TLS.</summary>
    public required TlsFiles? Tls { get; init; }

    /// <summary>
    /// How many removals of a collection are remembered before the oldest are forgotten. The bound is this or the collection's number of
    /// items, whichever is more. Over it, a quarter goes at once.
    /// </summary>
    public int RemovalsKept { get; init; } = 10_000;

    /// <summary>About how many changes a collection's stream holds: some seconds of a busy collection, for who follows it live.</summary>
    public int ChangesKept { get; init; } = 1_000;

    /// <summary>How many bytes of changes a collection's stream holds; over it, the older half goes.</summary>
    public int ChangesBytes { get; init; } = 1 << 20;

    /// <summary>A change of more bytes is only mentioned in the stream: its followers read the collection.</summary>
    public int ChangeBytes { get; init; } = 64 << 10;

    /// <summary>A change of more fields and values is only mentioned, too. Lua can pass on some 8,000 at a time.</summary>
    public int ChangeFields { get; init; } = 1_000;

    /// <summary>
    /// How long the changes of an emptied collection are kept, if it stays so: longer than a follower takes to read them. In whole seconds.
    /// </summary>
    public TimeSpan EmptiedTime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How many bytes of changes are read at a time; the rest is asked for again.</summary>
    public int ReadBytes { get; init; } = 4 << 20;

    /// <summary>How soon a watch says that there was nothing.</summary>
    public TimeSpan IdleTime { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a watch tries to make sure that nothing is missing: hosts wait a second for its list.</summary>
    public TimeSpan ConfirmTime { get; init; } = TimeSpan.FromMilliseconds(900);

    /// <summary>Between two lists of a watch in a Cluster, where each costs a question for each bucket.</summary>
    public TimeSpan ClusterPause { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// How long a command waits for a lost connection, or for a server that starts. Longer outages are the host's to tell.
    /// </summary>
    public TimeSpan ReconnectTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long it is tried to learn what became of a commit: less than the 8 seconds that the host gives it, since the host then reads the
    /// collections before it answers, and has 10 seconds for all.
    /// </summary>
    public TimeSpan CommitTime { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>The server in the words of an error message.</summary>
    public string Name =>
        SentinelService is null
            ? $"Redis at {string.Join(", ", Addresses)}"
            : $"Redis {SentinelService} (by the Sentinels {string.Join(", ", Addresses)})";

    /// <summary>Reads and checks the configuration.</summary>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Config"/>.</exception>
    public static RedisOptions From(ItemServiceContext context)
    {
        var (addresses, service) = Hosts(context.GetString("db_host", "localhost"), context.GetInt32("db_port", 6379, 1, 65_535));
        var table = context.GetString("db_table", "items");
        if (!PrefixPattern().IsMatch(table)) throw Wrong("db_table", "must be 1 to 64 letters, digits and underscores");

        var name = context.GetString("db_name", "0");
        var numbered = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var database);
        if (!numbered && !PrefixPattern().IsMatch(name))
        {
            throw Wrong("db_name", "must be the number of a database, or a prefix of 1 to 64 letters, digits and underscores");
        }

        var (user, password) = (Text("db_user"), Text("db_password"));
        if (user is not null && password is null) throw Wrong("db_password", "is missing: db_user needs one");
        return new RedisOptions
        {
            Addresses = addresses,
            SentinelService = service,
            Database = numbered ? database : 0,
            KeyPrefix = numbered ? table : $"{name}:{table}",
            Table = table,
            User = user,
            Password = password,
            Tls = context.GetBoolean("ssl.enabled", false) ? TlsFiles.From(context) : null,
        };

        string? Text(string key) => context.GetString(key, "") is { Length: > 0 } text ? text : null;
    }

    public static ItemServiceException Wrong(string key, string message, Exception? cause = null) =>
        new(ItemServiceFault.Config, $"\"{key}\" {message}", cause) { ConfigKey = key };

    private static (List<string> Addresses, string? SentinelService) Hosts(string text, int port)
    {
        const string Service = "serviceName=";
        var addresses = new List<string>();
        string? service = null;
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.StartsWith(Service, StringComparison.OrdinalIgnoreCase) && part.Length > Service.Length)
                service = part[Service.Length..];
            else if (
                AddressPattern().Match(part) is { Success: true } address
                && (address.Groups["port"].Value is "" || PortOf(address) is > 0 and <= 65_535))
                addresses.Add($"{address.Groups["host"].Value}:{(address.Groups["port"].Value is "" ? port : PortOf(address))}");
            else
                throw Wrong(
                    "db_host", "must be a host or host:port, or several with commas between them; for Sentinels also serviceName=NAME");
        }
        return addresses.Count > 0 ? (addresses, service) : throw Wrong("db_host", "names no host");

        static int PortOf(Match address) => int.Parse(address.Groups["port"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_]{1,64}\z")]
    private static partial Regex PrefixPattern();

    /// <summary>A name, an IPv4 address, or an IPv6 address in brackets; and a port, or none.</summary>
    [GeneratedRegex(@"\A(?<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.%]+\])(:(?<port>[0-9]{1,5}))?\z")]
    private static partial Regex AddressPattern();
}
