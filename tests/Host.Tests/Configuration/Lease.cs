using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SharedState.Host.Tests.Configuration;

/// <summary>A lease of Linux on a file: whoever opens the file waits, for up to 45 s, until it is given back.</summary>
public sealed class Lease : IDisposable
{
    private const int SetSignal = 10, SetLease = 1024, GetLease = 1025, ExclusiveLease = 1, NoLease = 2;

    /// <summary>The signal that a waiting opener causes; this one is ignored by default.</summary>
    private const int Urgent = 23;

    private readonly SafeFileHandle _file;

    public Lease(string path)
    {
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        if (Control(_file, SetSignal, Urgent) != 0 || Control(_file, SetLease, ExclusiveLease) != 0)
        {
            _file.Dispose();
            throw new IOException($"no lease on {path}: error {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>Whether another process is waiting in its call of open.</summary>
    public bool IsWaitedFor => Control(_file, GetLease, 0) != ExclusiveLease;

    public void Dispose()
    {
        _ = Control(_file, SetLease, NoLease);
        _file.Dispose();
    }

    [DllImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(SafeFileHandle file, int command, int argument);
}
