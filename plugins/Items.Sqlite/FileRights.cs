namespace SharedState.Items.Sqlite;

/// <summary>
/// The rights to a database: its files and the folder that is made for it belong to the user of this process alone. Another user could
/// otherwise read all items, or hold a lock that blocks each commit.
/// </summary>
/// <remarks>SQLite gives the database's own rights to its <c>-wal</c> and <c>-shm</c>.</remarks>
internal static class FileRights
{
    private const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode WriteOfOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    private const UnixFileMode Others = WriteOfOthers
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    // A thread that closes the new file ends the locks that SQLite has taken on it for another service of this process.
    private static readonly Lock _creating = new();

    public static void CreateFolder(string path)
    {
        // One by one, because .NET gives the mode only to the last one.
        if (Path.GetDirectoryName(path) is { } parent && !Directory.Exists(parent)) CreateFolder(parent);
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, Own | UnixFileMode.UserExecute);
    }

    /// <summary>Opens a file for this process alone, and makes it if it is not there.</summary>
    public static FileStream OpenAlone(string path) => new(path, Options(FileMode.OpenOrCreate));

    /// <summary>Makes an empty database, if none is there. Another one must not be opened: closing it would end SQLite's locks.</summary>
    public static void CreateDatabase(string path)
    {
        lock (_creating)
        {
            if (File.Exists(path)) return;
            try
            {
                new FileStream(path, Options(FileMode.CreateNew)).Dispose();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another process was faster, or nothing can be made here, which SQLite will say with its reason.
            }
        }
    }

    /// <summary>Names those of a database's files that other users may use, and its folder if they may write to it.</summary>
    public static IReadOnlyList<string> FindWide(SqliteOptions options, string lockFile)
    {
        var file = options.File!;
        return
        [
            .. new[] { file, options.Log, $"{file}-shm", lockFile }.Where(path => Has(path, Others)),
            .. new[] { Path.GetDirectoryName(file)! }.Where(path => Has(path, WriteOfOthers)),
        ];
    }

    private static bool Has(string path, UnixFileMode rights)
    {
        try
        {
            return !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & rights) != 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // there is no such file, or no more
        }
    }

    private static FileStreamOptions Options(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = Own;
        return options;
    }
}
