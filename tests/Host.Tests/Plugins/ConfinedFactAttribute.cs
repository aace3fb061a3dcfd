using System.Diagnostics;

namespace SharedState.Host.Tests.Plugins;

/// <summary>
/// A test that needs a view of the file system of its own (<c>unshare -m</c>) and another user. It is skipped, with a message, where this
/// process may have neither.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ConfinedFactAttribute : FactAttribute
{
    /// <summary>A user id without an entry in <c>/etc/passwd</c>, as OpenShift gives one to each project.</summary>
    public const string User = "1000650000";

    private static readonly string? _missing = FindMissing();

    public ConfinedFactAttribute() => Skip = _missing;

    private static string? FindMissing()
    {
        if (!OperatingSystem.IsLinux()) return "needs Linux";
        if (!Succeeds("unshare", "-m", "sh", "-c", "mount -t tmpfs -o noexec tmpfs /mnt"))
            return "needs root, with the right to mount in a namespace of its own (unshare -m)";
        return Succeeds("setpriv", "--reuid", User, "--regid", User, "--clear-groups", "test", "-x", HostProcess.Program)
            ? null : $"needs setpriv, and that any user may run {HostProcess.Program}";
    }

    private static bool Succeeds(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
