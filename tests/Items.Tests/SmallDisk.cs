using System.Diagnostics;

namespace SharedState.Items.Tests;

/// <summary>A disk of some megabytes, in memory. Mounting one takes root.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("items-disk-").FullName;

    /// <summary>Why none can be had; null if one can.</summary>
    public static string? Missing { get; } = Find();

    public static SmallDisk Mount(int megabytes)
    {
        var disk = new SmallDisk();
        if (Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", disk._path) != 0)
            throw new IOException($"{disk._path} could not be mounted");
        return disk;
    }

    public string File(string name) => Path.Combine(_path, name);

    /// <summary>The services on it need not be closed: the mount goes when they are.</summary>
    public void Dispose()
    {
        Run("umount", "-l", _path);
        Directory.Delete(_path);
    }

    private static string? Find()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root") return "Mounting a small disk takes root on Linux.";
        try
        {
            using var disk = Mount(megabytes: 1);
            return null;
        }
        catch (IOException)
        {
            return "This machine does not let root mount a small disk.";
        }
    }

    private static int Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
