using System.Globalization;
using Microsoft.Data.Sqlite;

namespace SharedState.Items.Sqlite;

/// <summary>The tables of one service: the items', which other programs may use too, and beside it what only this plugin knows.</summary>
/// <remarks>
/// <para>
/// The items' table is that of existing installations, column by column: the program that made it reads <c>SELECT *</c> into five
/// variables. So an item's revision goes where it takes no column: its row's <c>ctime</c> is a time to the microsecond, as other
/// programs read it, and what follows the sixth decimal is the revision. Measured against a second table of revisions by id, this
/// commits a third faster.
/// </para>
/// <para>
/// Triggers note which collections another program changes, at any time and in any way. They keep quiet while the store's
/// <c>writing</c> is set, which this plugin does within its own transactions only.
/// </para>
/// </remarks>
/// <param name="table">The items' table: <c>[A-Za-z0-9_]{1,64}</c>.</param>
internal sealed class Schema(string table)
{
    /// <summary>The layout of the tables beside the items'. A database that says another number is left alone.</summary>
    private const long Format = 1;

    /// <summary>
    /// Up to what size a database is checked for damage when it is opened: from a slow disk, more may take longer than the 10 seconds that
    /// the host allows. A larger one is found damaged when what is damaged is read.
    /// </summary>
    private const long MostCheckedBytes = 256 << 20;

    private static readonly string[] _columns = ["app", "chnl", "id", "ctime", "data"];

    public string Items { get; } = $"\"{table}\"";

    /// <summary>
    /// One row: the store's id, its number of commits, the epoch of collections without a history, and the triggers' switch.
    /// </summary>
    public string Store { get; } = $"\"{table}__store\"";

    /// <summary>A row for each collection that was written to and not forgotten since.</summary>
    public string Collections { get; } = $"\"{table}__collections\"";

    /// <summary>The remembered removals. No item of the collection has such an id.</summary>
    public string Removals { get; } = $"\"{table}__removals\"";

    /// <summary>The collections that another program changed, and that have not been adopted since.</summary>
    public string Changed { get; } = $"\"{table}__changed\"";

    /// <summary>Refuses what is not ours, by reading only.</summary>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Unusable"/>.</exception>
    public void Check(SqliteConnection connection, string file)
    {
        if (Text(connection, "PRAGMA encoding") is var encoding && encoding != "UTF-8")
        {
            throw Unusable($"{file} is encoded in {encoding}: only UTF-8 can be used; use another db_name");
        }
        var bytes = long.Parse(
            Text(connection, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"), CultureInfo.InvariantCulture);
        if (bytes <= MostCheckedBytes && Text(connection, "PRAGMA quick_check(1)") is var damage && damage != "ok")
        {
            throw Unusable(
                $"{file} is damaged ({damage}): restore it from a backup, or save what can be saved with the .recover command of sqlite3");
        }

        var columns = Text(connection, "SELECT group_concat(name, ', ') FROM pragma_table_info(?1)", table);
        if (columns.Length == 0) return;
        var key = Text(connection, "SELECT group_concat(name, ', ' ORDER BY pk) FROM pragma_table_info(?1) WHERE pk > 0", table);
        if (columns != string.Join(", ", _columns) || key != "app, chnl, id")
        {
            throw Unusable(
                $"table {table} of {file} is another program's: it has the columns {columns} and the key {(key.Length == 0 ? "none" : key)}, "
                + $"expected {string.Join(", ", _columns)} and the key app, chnl, id; use another db_table or db_name");
        }

        var folding = Text(connection, """
            SELECT group_concat(DISTINCT columns.coll) FROM pragma_index_list(?1) AS indexes, pragma_index_xinfo(indexes.name) AS columns
            WHERE indexes.origin = 'pk' AND columns.key = 1 AND columns.coll <> 'BINARY'
            """, table);
        if (folding.Length > 0)
        {
            throw Unusable(
                $"table {table} of {file} compares its key by {folding}, so that different ids are one: "
                + "copy it to a table without COLLATE, or use another db_table");
        }

        if (Text(connection, "SELECT name FROM sqlite_schema WHERE name = ?1", $"{table}__store").Length > 0
            && Text(connection, $"SELECT format FROM {Store}") is var format && format != $"{Format}")
        {
            throw Unusable(
                $"table {table} of {file} was last used by another version of this plugin (format {format}, expected {Format}): use that "
                    + "version");
        }
    }

    /// <summary>The tables that are made where they are not there.</summary>
    private IReadOnlyList<(string Name, string Statement)> Tables =>
    [
        (table,
            $"CREATE TABLE {Items} (app TEXT NOT NULL, chnl TEXT NOT NULL, id TEXT NOT NULL, ctime TIMESTAMP DEFAULT CURRENT_TIMESTAMP, "
            + "data TEXT, PRIMARY KEY (app, chnl, id))"),
        ($"{table}__store",
            $"CREATE TABLE {Store} (format INTEGER NOT NULL, store TEXT NOT NULL, epoch TEXT NOT NULL, commits INTEGER NOT NULL, "
            + "writing INTEGER NOT NULL)"),
        ($"{table}__collections",
            $"CREATE TABLE {Collections} (collection INTEGER PRIMARY KEY, app TEXT NOT NULL, chnl TEXT NOT NULL, epoch TEXT NOT NULL, "
            + "epoch_start INTEGER NOT NULL, revision INTEGER NOT NULL, history_start INTEGER NOT NULL, items INTEGER NOT NULL, "
            + "removals INTEGER NOT NULL, UNIQUE (app, chnl))"),
        ($"{table}__removals",
            $"CREATE TABLE {Removals} (collection INTEGER NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, "
            + "PRIMARY KEY (collection, id)) WITHOUT ROWID"),
        ($"{table}__changed",
            $"CREATE TABLE {Changed} (app TEXT NOT NULL, chnl TEXT NOT NULL, PRIMARY KEY (app, chnl)) WITHOUT ROWID"),
    ];

    private IReadOnlyList<string> Triggers =>
        [Trigger("insert", "NEW"), Trigger("update", "OLD", "NEW"), Trigger("delete", "OLD")];

    /// <summary>All that is made in a new database.</summary>
    public IReadOnlyList<string> Statements => [.. Tables.Select(made => made.Statement), .. Triggers];

    /// <summary>What is not there and would be made, by reading only.</summary>
    public List<string> Missing(SqliteConnection connection)
    {
        List<string> missing = [.. Tables.Where(made => !Exists(connection, made.Name)).Select(made => made.Statement)];
        if (!IsWatched(connection)) missing.AddRange(Triggers);
        return missing;
    }

    /// <summary>Whether another program made the items' table, and this plugin has not used it yet.</summary>
    public bool IsForeign(SqliteConnection connection) => Exists(connection, table) && !IsWatched(connection);

    /// <summary>The number of items of all collections.</summary>
    public long CountItems(SqliteConnection connection)
    {
        using var statement = new Statement(connection, $"SELECT count(*) FROM {Items}");
        return statement.Number();
    }

    /// <summary>Makes what is not there. To be called within a transaction.</summary>
    public void Create(SqliteConnection connection)
    {
        foreach (var (name, statement) in Tables)
        {
            if (!Exists(connection, name)) Execute(connection, statement);
        }
        Execute(
            connection,
            $"INSERT INTO {Store} SELECT {Format}, '{Epoch.New()}', '{Epoch.New()}', 0, 0 WHERE NOT EXISTS (SELECT 1 FROM {Store})");
    }

    /// <summary>Has the database note what other programs change. To be called within a transaction.</summary>
    public void Watch(SqliteConnection connection)
    {
        // Where a trigger is missing (a new database, or the table was dropped and made anew), anything may have happened to any
        // collection.
        if (IsWatched(connection)) return;
        Execute(connection, $"""
            {string.Join('\n', Triggers)}
            INSERT OR IGNORE INTO {Changed} SELECT DISTINCT app, chnl FROM {Items};
            INSERT OR IGNORE INTO {Changed} SELECT app, chnl FROM {Collections};
            """);
    }

    /// <summary>Whether another program has triggers on the items' table, which are to run for our changes too.</summary>
    public bool HasOtherTriggers(SqliteConnection connection) => Text(connection, """
        SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE AND substr(name, 1, length(?2)) <> ?2
        """, table, $"{table}__noted_").Length > 0;

    /// <summary>
    /// A trigger that notes the collections of the given rows. It says NOT EXISTS, and not OR IGNORE, because the conflict clause of the
    /// statement that fires a trigger overrides those within it.
    /// </summary>
    private string Trigger(string change, params string[] rows) => $"""
        CREATE TRIGGER IF NOT EXISTS "{table}__noted_{change}" AFTER {change} ON {Items} WHEN (SELECT writing FROM {Store}) = 0 BEGIN
        {string.Join('\n', rows.Select(row => $"""
            INSERT INTO {Changed} SELECT {row}.app, {row}.chnl
            WHERE NOT EXISTS (SELECT 1 FROM {Changed} WHERE app = {row}.app AND chnl = {row}.chnl);
        """))}
        END;
        """;

    private bool IsWatched(SqliteConnection connection) => Text(
        connection, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND substr(name, 1, length(?1)) = ?1",
        $"{table}__noted_") == "3";

    private static bool Exists(SqliteConnection connection, string table) =>
        Text(connection, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE", table).Length > 0;

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>The first row's first column as text, empty where there is none.</summary>
    private static string Text(SqliteConnection connection, string sql, params ReadOnlySpan<Value> values)
    {
        using var statement = new Statement(connection, sql);
        return statement.Text(values) ?? "";
    }

    private static ItemServiceException Unusable(string message) => new(ItemServiceFault.Unusable, message);
}
