using System.Runtime.InteropServices;

namespace SharedState.Host.Bounds;

/// <summary>The rights of the files and folders that this process and its plugins create: 0600 and 0700, whatever the shell says.</summary>
internal static class PrivateFiles
{
    private const uint GroupAndOthers = 0b111_111;

    /// <summary>Takes all rights for other users from all that is created from now on. A file that exists keeps its rights.</summary>
    public static void Begin()
    {
        if (!OperatingSystem.IsWindows()) _ = SetMask(SetMask(GroupAndOthers) | GroupAndOthers);
    }

    // .NET has no such call. Its mode_t is an unsigned number of 16 or 32 bits, which an unsigned register holds either way.
    [DllImport("libc", EntryPoint = "umask")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint SetMask(uint mask);
}
