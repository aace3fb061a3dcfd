using System.Diagnostics;

namespace SharedState.Host.PluginTest;

/// <summary>
/// A disk whose power can fail: a file with an ext4 file system, mounted at a folder. Data that was written and not synced is still in
/// memory then and not in the file, so a copy of the file is what the failure leaves. Takes root on Linux.
/// </summary>
internal sealed class LossyDisk : IDisposable
{
    public const string Name = "power";

    public const string Sentence = "What was acknowledged survives a power failure, in whole batches";

    public const string Fix =
        "Sync the batch to the disk before CommitAsync returns: FileStream.Flush(flushToDisk: true), fsync, or the database's own setting. "
            + "Sync the folder after a file in it was renamed.";

    // Enough for an engine that reserves its files; the file has holes.
    private const long Bytes = 512 << 20;

    // Nothing is written before it is synced, as far as that can be had: ext4 by itself writes after five seconds, and at a rename.
    private const string Options = "loop,noauto_da_alloc,commit=300";

    private readonly string _folder;
    private string _image;
    private int _failures;

    private LossyDisk(string folder, string image) => (_folder, _image) = (folder, image);

    /// <summary>Mounts an empty disk at a folder.</summary>
    /// <exception cref="IOException">This machine has no such disk; the message says why.</exception>
    public static LossyDisk Mount(string folder)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            throw new IOException("simulating a power failure takes root on Linux");
        Directory.CreateDirectory(folder);
        var image = $"{folder}.img";
        using (var file = File.Create(image)) file.SetLength(Bytes);
        Run("mkfs.ext4", "-q", "-F", image);
        Run("mount", "-o", Options, image, folder);
        return new(folder, image);
    }

    /// <summary>Simulates a power failure: data that was not synced is lost. No process may have a file on the disk open.</summary>
    public void Fail()
    {
        var left = $"{_folder}.{++_failures}.img";
        Run("cp", "--sparse=always", _image, left);
        Run("umount", _folder);
        File.Delete(_image);
        _image = left;
        Run("mount", "-o", Options, _image, _folder);
    }

    public void Dispose()
    {
        try
        {
            Run("umount", "-l", _folder);
        }
        catch (IOException)
        {
            // A failure that could not be simulated left it unmounted.
        }
        File.Delete(_image);
    }

    private static void Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            var said = process.StandardError.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0) throw new IOException($"{program} failed here: {said.Trim()}");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new IOException($"this machine has no {program}");
        }
    }
}
