using Microsoft.Data.Sqlite;

namespace SharedState.Items.Sqlite;

/// <summary>
/// Sees to it that the log never takes the room that is needed to copy it back into the database. SQLite could not free a disk that is full
/// of log: copying back may make the database grow first.
/// </summary>
/// <remarks>
/// On a disk with much room this is one question to the operating system for each commit. With little room, the log is copied back and cut
/// before it grows too far, which costs time. Room that another program takes is out of reach: commits are then refused until it is back.
/// </remarks>
internal sealed class DiskRoom(SqliteConnection connection, SqliteOptions options)
{
    /// <summary>
    /// With more than this the log may be as large as it gets: 16 MiB before it is copied back, and 64 MiB after a long read made it grow.
    /// </summary>
    private const long Plenty = 1L << 30;

    /// <summary>Left for updates that only remove.</summary>
    private const long Reserve = 1 << 20;

    private readonly DriveInfo? _disk = DiskOf(options.File!);

    /// <summary>Makes room for what is about to be written.</summary>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Unavailable"/>: there is none.</exception>
    public void Ensure(WriteSize size)
    {
        if (_disk is null || Free() is var free && free > Plenty + (4 * size.Most)) return;

        // 1. The log as it is, this commit and something to spare can be copied back.
        var bytes = size.In(Length(options.File!)) + (size.ItemBytes > 0 ? Reserve : 0);
        if (free > Length(options.Log) + (4 * bytes)) return;

        // 2. Copy it back, and cut it. While something is being read it stays.
        using (var command = connection.CreateCommand())
        {
            command.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
            command.ExecuteNonQuery();
        }

        // 3. What is written goes into the log, and from there into the database.
        if (Free() < 2 * bytes) throw Faults.Full(options, null);
    }

    private static long Length(string file) => new FileInfo(file) is { Exists: true } info ? info.Length : 0;

    private long Free()
    {
        try
        {
            return _disk!.AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return long.MaxValue; // SQLite will tell if there is none
        }
    }

    private static DriveInfo? DiskOf(string file)
    {
        try
        {
            return new DriveInfo(Path.GetDirectoryName(file)!);
        }
        catch (ArgumentException)
        {
            return null; // a network's folder in Windows
        }
    }
}
