using System.Runtime.InteropServices;

namespace SharedState.Host.Changes;

/// <summary>SIGHUP, by which an operator has everything read again; from here on it does not end the process.</summary>
internal sealed class Hangup : IDisposable
{
    private readonly PosixSignalRegistration? _registration;
    private int _came; // 1: and nobody has attended to it

    public Hangup()
    {
        if (OperatingSystem.IsWindows()) return; // there it is the window that is closed
        _registration = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            Volatile.Write(ref _came, 1);
        });
    }

    public bool Came => Volatile.Read(ref _came) == 1;

    /// <summary>Attends to it; true if it came.</summary>
    public bool Take() => Interlocked.Exchange(ref _came, 0) == 1;

    public void Dispose() => _registration?.Dispose();
}
