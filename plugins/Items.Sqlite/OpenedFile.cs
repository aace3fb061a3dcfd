using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SharedState.Items.Sqlite;

/// <summary>The file that a connection has open, and whether it is still the one at its path.</summary>
/// <remarks>
/// A file that was deleted or replaced lives on as long as it is open: SQLite goes on writing to it, and all of it is gone when the host
/// ends. Asked at each commit and each load; each time it costs one or two calls of the operating system. Windows does not let go of a file
/// that is open, and needs no such look.
/// </remarks>
internal static class OpenedFile
{
    /// <summary>SQLite compares the number of the file's inode with that of the file at the path.</summary>
    private const int HasMovedControl = 20; // SQLITE_FCNTL_HAS_MOVED

    /// <summary>Refuses to use a database that the next host would not find, or of which it would not find the log.</summary>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Unavailable"/>.</exception>
    public static void Check(SqliteConnection connection, SqliteOptions options)
    {
        if (HasMoved(connection) || (!OperatingSystem.IsWindows() && !File.Exists(options.Log)))
            throw Faults.Moved(ItemServiceFault.Unavailable, options);
    }

    /// <summary>Whether the database is no longer at its path.</summary>
    public static bool HasMoved(SqliteConnection connection) =>
        !OperatingSystem.IsWindows() && Control(connection.Handle!, "main", HasMovedControl, out var moved) == raw.SQLITE_OK && moved != 0;

    // SQLitePCLRaw has no such call. The library is the one that it has loaded.
    [DllImport("e_sqlite3", EntryPoint = "sqlite3_file_control")]
    private static extern int Control(sqlite3 database, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, int operation, out int answer);
}
