namespace SharedState.Host.JsonFiles;

/// <summary>Reads a small file that somebody else may have put there: no pipe, no socket and no device, and no more than a bound.</summary>
internal static class SmallFile
{
    /// <summary>Reads a file. A link is followed.</summary>
    /// <exception cref="IOException">The file cannot be read, is no regular file, or holds more.</exception>
    public static byte[] Read(string path, int mostBytes)
    {
        if (UnixFile.IsSpecial(new(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path)))
            throw new IOException("it is a pipe, a socket or a device, and not a file");
        using var content = File.OpenRead(path);

        // The length is only a hint: files of /proc say 0, and others may grow.
        var bytes = new byte[(int)Math.Min(content.Length, mostBytes) + 1];
        for (var count = 0; ; Array.Resize(ref bytes, (int)Math.Min(2L * bytes.Length, mostBytes + 1L)))
        {
            count += content.ReadAtLeast(bytes.AsSpan(count), bytes.Length - count, throwOnEndOfStream: false);
            if (count < bytes.Length) return bytes[..count];
            if (count > mostBytes) throw new IOException($"it has more than {mostBytes} bytes");
        }
    }
}
