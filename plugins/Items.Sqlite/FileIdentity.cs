using System.Runtime.InteropServices;

namespace SharedState.Items.Sqlite;

/// <summary>
/// Tells a file from a copy of it, which has the same name, content and times: by its number in the file system, and the time of its
/// creation.
/// </summary>
internal static class FileIdentity
{
    private const int CurrentFolder = -100;
    private const uint NumberAndBirth = 0x900;

    /// <summary>The identity of a file, in letters, digits and '-'; null where the system does not tell.</summary>
    public static string? Of(string path)
    {
        if (!OperatingSystem.IsLinux()) return $"{File.GetCreationTimeUtc(path).Ticks:x16}";
        try
        {
            // .NET does not tell a file's number, nor on Linux its creation. struct statx has the same layout on all processors.
            var status = new byte[256];
            return StatX(CurrentFolder, path, 0, NumberAndBirth, status) == 0
                ? $"{BitConverter.ToUInt64(status, 32):x16}-{BitConverter.ToInt64(status, 80):x16}-{BitConverter.ToUInt32(status, 88):x8}"
                : null;
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    [DllImport("libc", EntryPoint = "statx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int StatX(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte[] status);
}
