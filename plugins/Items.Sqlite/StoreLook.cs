using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace SharedState.Items.Sqlite;

/// <summary>
/// A look at a database that changes nothing. Two services that want the same table find that out; so this is kept until all have looked.
/// </summary>
internal sealed class StoreLook : IDisposable
{
    /// <summary>What a slow disk reads, for the first look of the triggers at all rows.</summary>
    private const long BytesPerSecond = 50 << 20;

    private const int MayWrite = 2, MayRead = 4; // W_OK, R_OK

    private readonly SqliteOptions _options;
    private readonly Schema _schema;
    private readonly IDisposable _claim;

    static StoreLook() => SQLitePCL.Batteries_V2.Init();

    /// <exception cref="ItemServiceException">See <see cref="StoreLock.Claim"/>.</exception>
    public StoreLook(SqliteOptions options, ItemServiceContext context)
    {
        (_options, _schema) = (options, new(options.Table));
        _claim = StoreLock.Claim(options.File!, options.Table, context.ServiceName);
    }

    private string File => _options.File!;

    /// <summary>What opening would do.</summary>
    /// <exception cref="ItemServiceException">See <see cref="Schema.Check"/>.</exception>
    public IReadOnlyList<StorageChange> Plan()
    {
        CheckRights();
        if (!System.IO.File.Exists(File))
            return [new() { Statement = $"the file {File}" }, .. _schema.Statements.Select(made => new StorageChange { Statement = made })];
        using var connection = Connect();
        _schema.Check(connection, _options.Name);
        var changes = _schema.Missing(connection);
        var foreign = _schema.IsForeign(connection);
        if (!HasWriteAheadLog()) changes.Insert(0, "PRAGMA journal_mode = WAL");
        var (rows, bytes) = foreign ? (_schema.CountItems(connection), new FileInfo(File).Length) : (0, 0);

        // The table of another program gets triggers, which run for that program's changes too, and its file a log beside it.
        return
        [
            .. changes.Select(change => !foreign || change.StartsWith("CREATE TABLE", StringComparison.Ordinal)
                ? new StorageChange { Statement = change }
                : new StorageChange
                {
                    Statement = change,
                    Alters = true,
                    Rows = rows,
                    Bytes = bytes,
                    Duration = TimeSpan.FromSeconds(1 + (bytes / BytesPerSecond)),
                }),
        ];
    }

    public void Dispose() => _claim.Dispose();

    /// <summary>Whether the database and its log can be written, as far as that can be told without trying.</summary>
    private void CheckRights()
    {
        if (Directory.Exists(File)) throw Unusable($"{File} is a folder: db_name must name a file");
        var folder = Path.GetDirectoryName(File)!;
        while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { } above)
        {
            if (System.IO.File.Exists(folder)) throw Unusable($"{folder} is a file: the database's folder can't be created in it");
            folder = above;
        }
        if (OperatingSystem.IsWindows()) return;
        if (Access(folder, MayWrite) != 0)
            throw Unusable($"{folder} can't be written: this program's user needs the right to write to the database's folder");
        string[] files = [File, _options.Log, $"{File}-shm", $"{File}-journal"];
        foreach (var file in files.Where(System.IO.File.Exists))
        {
            if (Access(file, MayRead | MayWrite) == 0) continue;
            throw Unusable(
                $"{file} can't be read and written: give this program's user the right to, with chown or chmod, or use another db_name");
        }
    }

    private static ItemServiceException Unusable(string reason) => new(ItemServiceFault.Unusable, reason);

    /// <summary>
    /// A connection that only reads. Without a log beside the database, SQLite would make an empty one for itself; it does not where it is
    /// told that nothing changes the file.
    /// </summary>
    private SqliteConnection Connect()
    {
        var path = string.Join('/', File.Split('/').Select(Uri.EscapeDataString));
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = System.IO.File.Exists(_options.Log) || OperatingSystem.IsWindows() ? File : $"file:{path}?immutable=1",
            Mode = SqliteOpenMode.ReadOnly,
            Pooling = false,
            DefaultTimeout = _options.BusySeconds,
        }.ConnectionString);
        connection.Open();
        return connection;
    }

    /// <summary>Whether the database's header says that it has a log. Without one beside it, SQLite itself would not tell.</summary>
    private bool HasWriteAheadLog()
    {
        Span<byte> versions = stackalloc byte[2];
        using var file = new FileStream(File, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return RandomAccess.Read(file.SafeFileHandle, versions, fileOffset: 18) == 2 && versions is [2, 2];
    }

    [DllImport("libc", EntryPoint = "access")]
    private static extern int Access([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int mode);
}
