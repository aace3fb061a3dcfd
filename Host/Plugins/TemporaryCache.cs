using SharedState.Host.JsonFiles;

namespace SharedState.Host.Plugins;

/// <summary>
/// Folders for copies of plugins in the temporary folder, each of one process. A process holds a lock in its folder as long as it lives, so
/// that another one can delete the folders of processes that were killed.
/// </summary>
internal static class TemporaryCache
{
    private const string Prefix = "sharedstate-plugins-";
    private const string LockName = "owner";

    private static readonly List<FileStream> Locks = []; // never closed: the end of the process releases them

    /// <summary>Makes a folder that only this process uses, and that is gone when it ends.</summary>
    public static string Create()
    {
        var folder = Directory.CreateTempSubdirectory(Prefix).FullName;
        Locks.Add(new(Path.Combine(folder, LockName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Delete(folder);
        DeleteAbandoned(folder);
        return folder;
    }

    public static void Delete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Windows does not delete libraries that are loaded; they stay until the temporary folder is cleaned.
        }
    }

    /// <summary>Deletes the folders of this user's processes that have ended without doing so.</summary>
    private static void DeleteAbandoned(string own)
    {
        var me = OperatingSystem.IsWindows() ? 0 : UnixFile.Owner(own);
        foreach (var folder in Directory.EnumerateDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            try
            {
                // Another user could exchange the files of his folder for links while they are being deleted.
                if (new DirectoryInfo(folder).LinkTarget is not null) continue;
                if (!OperatingSystem.IsWindows() && UnixFile.Owner(folder) != me) continue;
                // Opening the lock fails while the process lives, and also before the process has made it.
                using (new FileStream(Path.Combine(folder, LockName), FileMode.Open, FileAccess.ReadWrite, FileShare.None)) Delete(folder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // In use.
            }
        }
    }
}
