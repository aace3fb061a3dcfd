using System.Runtime.InteropServices;

namespace SharedState.Host.Bounds;

/// <summary>The rights of the files and folders that this process and its plugins create: 0600 and 0700, regardless of the umask of the
/// shell.</summary>
internal static class PrivateFiles
{
    private const uint GroupAndOthers = 0b111_111;

    /// <summary>Removes the rights of other users from all files and folders that are created from now on. Existing files keep their
    /// rights.</summary>
    public static void Begin()
    {
        if (!OperatingSystem.IsWindows()) _ = SetMask(SetMask(GroupAndOthers) | GroupAndOthers);
    }

    // .NET has no such call. Its mode_t is an unsigned number of 16 or 32 bits, which an unsigned register holds either way.
    [DllImport("libc", EntryPoint = "umask")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint SetMask(uint mask);
}
