using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>What the database says of the items' table.</summary>
internal sealed class FoundTable
{
    private const string Invisible = "INVISIBLE";

    private readonly List<(string Name, string Type, string Collation, string Default, string Extra)> _columns = [];

    public IReadOnlyList<(string Name, bool Hidden)> Columns =>
        [.. _columns.Select(column => (column.Name, column.Extra.Contains(Invisible, StringComparison.OrdinalIgnoreCase)))];

    /// <summary>The columns of the key.</summary>
    public string Key { get; private set; } = "";

    /// <summary>Whether it is one of InnoDB, in a row format whose index is long enough.</summary>
    public bool IsTransactional { get; private set; }

    /// <summary>The number of rows, as the server estimates it.</summary>
    public long Rows { get; private set; }

    /// <summary>The size of the rows and indexes, as the server estimates it.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether rows that others write are marked.</summary>
    public bool NotesTouches => _columns.Any(column => column.Name == "touched"
        && column.Default.StartsWith("current_timestamp", StringComparison.OrdinalIgnoreCase)
        && column.Extra.Contains("on update", StringComparison.OrdinalIgnoreCase));

    /// <summary>Reads it; without columns where there is no such table.</summary>
    public static async Task<FoundTable> ReadAsync(MySqlConnection connection, string table)
    {
        var found = new FoundTable();
        using var command = new MySqlCommand("""
            SELECT COLUMN_NAME, COLUMN_TYPE, COALESCE(COLLATION_NAME, ''), COALESCE(COLUMN_DEFAULT, ''), EXTRA
            FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = @table ORDER BY ORDINAL_POSITION;
            SELECT CAST(GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX SEPARATOR ', ') AS CHAR)
            FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = @table AND INDEX_NAME = 'PRIMARY';
            SELECT COALESCE(ENGINE, ''), COALESCE(ROW_FORMAT, ''), COALESCE(TABLE_ROWS, 0), COALESCE(DATA_LENGTH + INDEX_LENGTH, 0)
            FROM information_schema.TABLES
            WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = @table
            """, connection);
        command.Parameters.AddWithValue("@table", table);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            found._columns.Add((reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4)));
        }
        await reader.NextResultAsync();
        if (await reader.ReadAsync() && !reader.IsDBNull(0)) found.Key = reader.GetString(0);
        await reader.NextResultAsync();
        if (await reader.ReadAsync())
        {
            found.IsTransactional = reader.GetString(0) == "InnoDB" && reader.GetString(1) is "Dynamic" or "Compressed";
            (found.Rows, found.Bytes) = (Convert.ToInt64(reader.GetValue(2), null), Convert.ToInt64(reader.GetValue(3), null));
        }
        return found;
    }

    public bool Has(string name) => _columns.Any(column => column.Name == name);

    /// <summary>Whether a column is as it should be. How another program defined <c>ctime</c> is its own business.</summary>
    public bool Has((string Name, string Type, string Definition) wanted, string collation) =>
        _columns.Any(column =>
            column.Name == wanted.Name
            && (wanted.Name == "ctime" || IsType(column.Type, wanted.Type))
            && (column.Collation.Length == 0 || column.Collation == collation)
            && (
                !wanted.Definition.EndsWith(Invisible, StringComparison.Ordinal)
                || column.Extra.Contains(Invisible, StringComparison.OrdinalIgnoreCase)));

    /// <summary>MariaDB says <c>bigint(20)</c> where MySQL says <c>bigint</c>.</summary>
    private static bool IsType(string found, string wanted) =>
        found == wanted || (wanted == "bigint" && found.StartsWith("bigint(", StringComparison.Ordinal));
}
