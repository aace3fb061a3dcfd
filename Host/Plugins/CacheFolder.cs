using System.IO.MemoryMappedFiles;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Plugins;

/// <summary>
/// The folder for copies of plugins: the first of <c>CACHE_DIRECTORY</c>, <c>XDG_CACHE_HOME</c>, the user's <c>.cache</c> and a private one
/// in the temporary folder to which only this user may write.
/// </summary>
internal sealed class CacheFolder
{
    /// <summary>The user id that may do everything anyway.</summary>
    private const int Root = 0;

    private readonly List<string> _refusals = [];

    /// <summary>The folder; null where none can be written to.</summary>
    public string? Path { get; private set; }

    /// <summary>Whether libraries may run from the folder: not on a file system that is mounted with <c>noexec</c>.</summary>
    public bool Executable { get; private set; }

    /// <summary>Whether the folder belongs to this process alone and is gone when it ends.</summary>
    public bool Private { get; private set; }

    /// <summary>Whether a folder was passed over because others could change what is in it.</summary>
    public bool Unsafe { get; private set; }

    /// <summary>Why the folders before this one are not used, for a sentence; empty if this is the first.</summary>
    public string Refusals => string.Join("; ", _refusals);

    public static CacheFolder Find()
    {
        var found = new CacheFolder();
        var candidates = Candidates().ToArray();
        if (candidates.Length == 0) found._refusals.Add("this user has no home, and CACHE_DIRECTORY names no folder");
        foreach (var path in candidates)
        {
            found.Try(path);
            if (found.Executable) return found;
        }
        found.TryTemporary();
        return found;
    }

    private static IEnumerable<string> Candidates()
    {
        if (OperatingSystem.IsWindows())
        {
            var local = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
            if (local.Length > 0) yield return System.IO.Path.Combine(local, "sharedstate", "plugins");
            yield break;
        }
        // systemd sets it for a unit with CacheDirectory=: one or several folders, which are there and belong to the unit's user.
        if (Absolute(Environment.GetEnvironmentVariable("CACHE_DIRECTORY")?.Split(':')[0]) is { } unit)
            yield return System.IO.Path.Combine(unit, "plugins");
        if (Absolute(Environment.GetEnvironmentVariable("XDG_CACHE_HOME")) is { } caches)
            yield return System.IO.Path.Combine(caches, "sharedstate", "plugins");
        // A user without a home, as in a container that runs with an arbitrary user id, has / for one.
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
        if (home.Length > 1) yield return System.IO.Path.Combine(home, ".cache", "sharedstate", "plugins");
    }

    private static string? Absolute(string? path) => path is { Length: > 0 } && System.IO.Path.IsPathRooted(path) ? path : null;

    private void Try(string path)
    {
        try
        {
            CreatePrivate(System.IO.Path.GetDirectoryName(path)!);
            CreatePrivate(path);
            if (FindIntruder(path) is { } intruder)
            {
                _refusals.Add($"{path} {intruder}");
                Unsafe = true;
                return;
            }
            Take(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _refusals.Add($"{path} cannot be written to");
        }
    }

    /// <summary>A folder with a random name: the first to make one with a known name could change what is loaded from it.</summary>
    private void TryTemporary()
    {
        try
        {
            var path = TemporaryCache.Create();
            Take(path);
            if (Path == path) Private = true;
            else TemporaryCache.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _refusals.Add($"{System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetTempPath())} cannot be written to");
        }
    }

    /// <summary>Uses a folder that can be written to, unless it is one more from which libraries may not run.</summary>
    private void Take(string path)
    {
        var executable = CanRunFrom(path);
        if (!executable) _refusals.Add($"{path} is mounted with noexec");
        if (Path is not null && !executable) return;
        (Path, Executable) = (path, executable);
    }

    /// <summary>Says by which right another user could change the copies; null if there is none.</summary>
    private static string? FindIntruder(string path)
    {
        if (OperatingSystem.IsWindows()) return null;
        var me = Probe(path, UnixFile.Owner);
        if (UnixFile.Owner(path) != me) return "belongs to another user";
        if ((File.GetUnixFileMode(path) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0) return "is writable for other users";
        var parent = System.IO.Path.GetDirectoryName(path)!;
        // Another user who may rename this folder could put one of his own in its place. The owner of the folder around it always may.
        if (UnixFile.Owner(parent) is var owner && owner != me && owner != Root) return $"is in {parent}, which belongs to another user";
        // In a sticky folder, like /tmp, the others may not.
        return (File.GetUnixFileMode(parent) & (UnixFileMode.OtherWrite | UnixFileMode.StickyBit)) == UnixFileMode.OtherWrite
            ? $"is in {parent}, which is writable for other users"
            : null;
    }

    private static bool CanRunFrom(string folder) => OperatingSystem.IsWindows() || Probe(folder, file =>
    {
        try
        {
            using var map = MemoryMappedFile.CreateFromFile(file, FileMode.Open, null, 0, MemoryMappedFileAccess.ReadExecute);
            using var view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.ReadExecute);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    });

    /// <summary>
    /// Answers a question about a file that is made in a folder for it. A folder that can be read is not always one that can be written to.
    /// </summary>
    private static T Probe<T>(string folder, Func<string, T> ask)
    {
        var path = System.IO.Path.Combine(folder, $".try-{Guid.NewGuid():N}");
        try
        {
            File.WriteAllText(path, "x");
            return ask(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Makes a folder to which only this user has access, if it is not there yet.</summary>
    public static void CreatePrivate(string folder)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
