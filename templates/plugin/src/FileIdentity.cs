using System.Runtime.InteropServices;

namespace Acme.Items.Files;

/// <summary>Tells a file from a copy of it, which has the same name, content and times.</summary>
internal static class FileIdentity
{
    private const int CurrentFolder = -100;
    private const uint NumberAndBirth = 0x900;

    public static string Of(string path)
    {
        if (!OperatingSystem.IsLinux()) return $"{File.GetCreationTimeUtc(path).Ticks}";
        // .NET does not tell a file's number, nor on Linux the time of its creation. They stand at 32 and 80 in struct statx.
        var status = new byte[256];
        if (StatX(CurrentFolder, path, 0, NumberAndBirth, status) != 0) throw new IOException($"{path} cannot be looked at");
        return $"{BitConverter.ToUInt64(status, 32)}-{BitConverter.ToInt64(status, 80)}-{BitConverter.ToUInt32(status, 88)}";
    }

    [DllImport("libc", EntryPoint = "statx")]
    private static extern int StatX(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte[] status);
}
