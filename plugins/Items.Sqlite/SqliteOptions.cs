using System.Text.RegularExpressions;

namespace SharedState.Items.Sqlite;

/// <summary>What the configuration says about one database.</summary>
internal sealed partial record SqliteOptions
{
    /// <summary>The database file, an absolute path with symbolic links followed; null for a database in memory.</summary>
    public required string? File { get; init; }

    /// <summary>The table of the items: <c>[A-Za-z0-9_]{1,64}</c>, so that it may stand in SQL as it is.</summary>
    public required string Table { get; init; }

    /// <summary>How long another program's lock is waited for, in whole seconds: all that the driver can count.</summary>
    public int BusySeconds { get; init; } = 5;

    /// <summary>
    /// How many removals of a collection the database remembers before the oldest are forgotten. The bound is this or the collection's
    /// number of items, whichever is more, so that remembered removals cost no more than the items do. Over it, a quarter goes at once.
    /// </summary>
    /// <remarks>
    /// Not to be configured, and not the host's <c>limits.tombstones</c>, of which a plugin is not told: that one bounds the host's memory.
    /// A difference is told as far back as both reach, and after a load, as when the host starts, no further than this: a larger bound of
    /// the host does nothing then, a smaller one is the one that counts.
    /// </remarks>
    public int RemovalsKept { get; init; } = 10_000;

    /// <summary>Called before each COMMIT; tests interfere there.</summary>
    public Action BeforeCommit { get; init; } = () => { };

    /// <summary>The database's log.</summary>
    public string Log => $"{File}-wal";

    /// <summary>The file in the words of an error message.</summary>
    public string Name => File ?? ":memory:";

    /// <summary>Reads and checks the configuration.</summary>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Config"/>.</exception>
    public static SqliteOptions From(ItemServiceContext context)
    {
        var table = context.GetString("db_table", "items");
        if (!TableName().IsMatch(table) || table.StartsWith("sqlite_", StringComparison.OrdinalIgnoreCase))
        {
            throw Wrong("db_table", "must be 1 to 64 letters, digits and underscores, and must not begin with sqlite_");
        }
        return new SqliteOptions { File = FileOf(context), Table = table };
    }

    private static string? FileOf(ItemServiceContext context)
    {
        var name = context.GetRequiredString("db_name");
        if (name == ":memory:") return null;
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
        {
            throw Wrong("db_name", "must be a file's path, or :memory: for a database in memory");
        }
        var path = context.GetPath("db_name")!;
        return System.IO.File.Exists(path) ? System.IO.File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path;
    }

    private static ItemServiceException Wrong(string key, string message) =>
        new(ItemServiceFault.Config, $"\"{key}\" {message}") { ConfigKey = key };

    [GeneratedRegex(@"\A[A-Za-z0-9_]{1,64}\z")]
    private static partial Regex TableName();
}
