using System.Diagnostics;

namespace SharedState.Items.Conformance;

/// <summary>A storage whose files are all in one folder.</summary>
/// <param name="folder">The folder.</param>
public sealed class OperatedFolder(string folder) : OperatedStorage
{
    private readonly string _copies = Directory.CreateTempSubdirectory("sharedstate-copies-").FullName;

    /// <summary>Keeps the files as they are now, which is how a kill would leave them.</summary>
    public override Task KillAsync() => TakeAsync("killed");

    /// <summary>Gives the files that content again. They stay the same files: a kill makes no copies.</summary>
    public override Task StartAsync()
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            if (!File.Exists(Path.Combine(Copy("killed"), Path.GetRelativePath(folder, file)))) File.Delete(file);
        }
        return CopyAsync(Copy("killed"), folder);
    }

    /// <summary>Copies the folder.</summary>
    public override Task SaveAsync() => TakeAsync("saved");

    /// <summary>Deletes what is in the folder, and copies the copy to it.</summary>
    public override Task RestoreAsync()
    {
        // The folder itself stays: it may be the place of a mounted disk.
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            if (entry is DirectoryInfo directory) directory.Delete(recursive: true);
            else entry.Delete();
        }
        return CopyAsync(Copy("saved"), folder);
    }

    /// <summary>Deletes the copies.</summary>
    public override ValueTask DisposeAsync()
    {
        Directory.Delete(_copies, recursive: true);
        return ValueTask.CompletedTask;
    }

    private string Copy(string name) => Path.Combine(_copies, name);

    private Task TakeAsync(string copy)
    {
        if (Directory.Exists(Copy(copy))) Directory.Delete(Copy(copy), recursive: true);
        return CopyAsync(folder, Copy(copy));
    }

    private static async Task CopyAsync(string from, string to)
    {
        Directory.CreateDirectory(to);
        if (OperatingSystem.IsWindows())
        {
            CopyUnlocked(new DirectoryInfo(from), to);
            return;
        }

        // By a process of its own: closing a file in this one would end the locks that the storage has on it.
        using var copy = Process.Start("cp", ["-a", Path.Combine(from, "."), to]);
        await copy.WaitForExitAsync();
        if (copy.ExitCode != 0) throw new IOException($"{from} could not be copied.");
    }

    private static void CopyUnlocked(DirectoryInfo from, string to)
    {
        foreach (var directory in from.EnumerateDirectories())
            CopyUnlocked(directory, Directory.CreateDirectory(Path.Combine(to, directory.Name)).FullName);
        foreach (var file in from.EnumerateFiles())
        {
            using var source = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var target = File.Create(Path.Combine(to, file.Name));
            source.CopyTo(target);
        }
    }
}
