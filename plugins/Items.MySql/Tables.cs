using System.Security.Cryptography;
using System.Text;

namespace SharedState.Items.MySql;

/// <summary>The names of the tables of one service, and the statements that make them.</summary>
/// <param name="table">The items' table.</param>
/// <param name="collation">The server's collation that compares texts by their code points and does not pad them with blanks.</param>
internal sealed class Tables(string table, string collation)
{
    /// <summary>The version of the layout, in <see cref="Store"/>.</summary>
    public const int Format = 1;

    private const string Engine = "ENGINE=InnoDB ROW_FORMAT=DYNAMIC";

    private readonly string _text = $"CHARACTER SET utf8mb4 COLLATE {collation}";

    /// <summary>The items: the five columns that other programs know, and two that <c>SELECT *</c> does not show.</summary>
    public string Items { get; } = $"`{table}`";

    /// <summary>One row: the epoch of collections without a row of their own, and by what the tables are known again.</summary>
    public string Store { get; } = $"`{StoreName(table)}`";

    /// <summary>
    /// A row for each collection with a history. A commit locks the rows of its collections first. At revision 0 it was forgotten.
    /// </summary>
    public string Collections { get; } = $"`{CollectionsName(table)}`";

    /// <summary>The remembered removals. No item of the collection has such an id.</summary>
    public string Removals { get; } = $"`{RemovalsName(table)}`";

    /// <summary>
    /// The commits of the last minutes, for other hosts. <c>seq</c> orders them as they began to be stored, which is not the order in which
    /// they come into sight.
    /// <c>data</c> is a <see cref="StoredCommit"/>, or NULL if the collection must be read. <c>reads</c> is changed by who reads, see
    /// <see cref="Fence"/>.
    /// </summary>
    public string Commits { get; } = $"`{CommitsName(table)}`";

    /// <summary>The columns of the items, by name: what <c>information_schema</c> must say of each, and how it is defined.</summary>
    /// <remarks>
    /// <c>revision</c> is 0 in rows that others wrote. <c>touched</c> is NULL in rows as this plugin wrote them, and a time in those that
    /// others inserted, replaced or changed since: they do not name it, so that the server fills it in. It is added without a default
    /// first, since rows that were there before are adopted anyway, without being written anew.
    /// </remarks>
    public IReadOnlyList<(string Name, string Type, string Definition)> Columns =>
    [
        ("app", $"varchar({StoredName.NameLimit})", $"VARCHAR({StoredName.NameLimit}) {_text} NOT NULL"),
        ("chnl", $"varchar({StoredName.NameLimit})", $"VARCHAR({StoredName.NameLimit}) {_text} NOT NULL"),
        ("id", $"varchar({StoredName.IdLimit})", $"VARCHAR({StoredName.IdLimit}) {_text} NOT NULL"),
        ("ctime", "timestamp", "TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP"),
        ("data", "longtext", $"LONGTEXT {_text}"),
        ("revision", "bigint", "BIGINT NOT NULL DEFAULT 0 INVISIBLE"),
        ("touched", "datetime(6)", "DATETIME(6) NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6) INVISIBLE"),
    ];

    public const string TouchedAtFirst = "DATETIME(6) NULL DEFAULT NULL INVISIBLE";

    public string Collation => collation;

    public string CreateItems =>
        $"CREATE TABLE {Items} ({string.Join(", ", Columns.Select(column => $"{column.Name} {column.Definition}"))}, "
        + $"PRIMARY KEY (app, chnl, id)) {Engine} {_text}";

    /// <summary>Names and ids as they are, in bytes: nothing folds them, and no index of these is too long.</summary>
    public IReadOnlyList<(string Name, string Statement)> CreateOthers =>
    [
        (StoreName(table),
            $"CREATE TABLE {Store} (one TINYINT NOT NULL PRIMARY KEY, format INT NOT NULL, epoch VARCHAR(64) NOT NULL, "
            + $"made VARCHAR(255) NOT NULL) {Engine} {_text}"),
        (CollectionsName(table),
            $"CREATE TABLE {Collections} (collection BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, app VARBINARY(512) NOT NULL, chnl "
                + "VARBINARY(512) NOT NULL, "
            + "epoch VARCHAR(64) NOT NULL, epoch_start BIGINT NOT NULL, revision BIGINT NOT NULL, history_start BIGINT NOT NULL, "
            + $"items BIGINT NOT NULL, removals BIGINT NOT NULL, UNIQUE (app, chnl)) {Engine} {_text}"),
        (RemovalsName(table),
            $"CREATE TABLE {Removals} (collection BIGINT NOT NULL, id VARBINARY(1024) NOT NULL, revision BIGINT NOT NULL, "
            + $"PRIMARY KEY (collection, id)) {Engine} {_text}"),
        (CommitsName(table), CreateCommits),
    ];

    /// <summary>By collection, as they are read; the second index holds all that watching needs.</summary>
    public string CreateCommits =>
        $"CREATE TABLE {Commits} (collection BIGINT NOT NULL, revision BIGINT NOT NULL, seq BIGINT NOT NULL AUTO_INCREMENT, "
        + "made DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), `reads` INT NOT NULL DEFAULT 0, data LONGBLOB NULL, "
        + $"PRIMARY KEY (collection, revision), KEY seq (seq, made)) {Engine} {_text}";

    public static string StoreName(string table) => Beside(table, "store");

    public static string CollectionsName(string table) => Beside(table, "collections");

    public static string RemovalsName(string table) => Beside(table, "removals");

    public static string CommitsName(string table) => Beside(table, "commits");

    /// <summary>A name has 64 characters at most; one that would be longer is told from others by a hash.</summary>
    private static string Beside(string table, string what) =>
        (table.Length <= 51 ? table : $"{table[..38]}_{Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(table)))[..12]}")
        + $"__{what}";
}
