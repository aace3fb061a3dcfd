using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SharedState.Bench.Ceilings.Storage;

/// <summary>A file into which one small block after the other is written and flushed: the least that an acknowledgement costs. Counts
/// flushes.</summary>
/// <remarks>
/// The file has its length before, and is written over and over, as a database's log is: a file that grows is flushed 1.4 to 1.8 times
/// more slowly, since each flush then waits for the file system's journal too.
/// </remarks>
internal sealed partial class DiskStore : IStore
{
    private const int Length = 4 << 20; // as SQLite's log, before it begins again

    private static readonly byte[] Block = new byte[512];

    private readonly SafeFileHandle _file;
    private long _end;

    public DiskStore(string file)
    {
        _file = File.OpenHandle(file, FileMode.Create, FileAccess.Write);
        RandomAccess.Write(_file, new byte[Length], 0);
        RandomAccess.FlushToDisk(_file);
    }

    public int Store()
    {
        RandomAccess.Write(_file, Block, _end);
        _end = (_end + Block.Length) % Length;
        // RandomAccess.FlushToDisk is fsync; databases call this.
        if (FlushData(_file) < 0) throw new IOException($"fdatasync failed: {Marshal.GetLastPInvokeErrorMessage()}");
        return 1;
    }

    public void Dispose() => _file.Dispose();

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FlushData(SafeFileHandle file);
}
