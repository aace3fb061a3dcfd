using System.Runtime.InteropServices;

namespace SharedState.Host.Changes;

/// <summary>
/// SIGHUP, with which an operator makes the host read everything again. While an instance exists, the signal does not end the process.
/// </summary>
internal sealed class Hangup : IDisposable
{
    private readonly PosixSignalRegistration? _registration;
    private int _came; // 1: the signal arrived and was not taken yet

    public Hangup()
    {
        if (OperatingSystem.IsWindows()) return; // there the signal means that the console window was closed
        _registration = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            Volatile.Write(ref _came, 1);
        });
    }

    /// <summary>Whether the signal arrived since the last <see cref="Take"/>.</summary>
    public bool Came => Volatile.Read(ref _came) == 1;

    /// <summary>Resets <see cref="Came"/> and returns its previous value.</summary>
    public bool Take() => Interlocked.Exchange(ref _came, 0) == 1;

    public void Dispose() => _registration?.Dispose();
}
