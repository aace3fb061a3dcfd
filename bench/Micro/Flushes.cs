using System.Runtime.InteropServices;

namespace SharedState.Micro;

/// <summary>What the disk can do: a small block appended to a file and flushed, again and again.</summary>
internal sealed partial class Flushes(string path) : IDisposable
{
    private readonly FileStream _file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
    private readonly byte[] _block = new byte[512];

    public void Append()
    {
        _file.Write(_block);
        if (fdatasync((int)_file.SafeFileHandle.DangerousGetHandle()) != 0) throw new IOException("The file could not be flushed.");
    }

    public void Dispose() => _file.Dispose();

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int fdatasync(int file);
}
