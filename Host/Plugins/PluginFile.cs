using System.Buffers;

namespace SharedState.Host.Plugins;

/// <summary>A file of a plugin's folder, as it was found.</summary>
/// <param name="Folder">The plugin's folder.</param>
/// <param name="Name">The path in that folder.</param>
/// <param name="Bytes">The size.</param>
internal sealed record PluginFile(string Folder, string Name, long Bytes)
{
    private const int BlockBytes = 128 << 10;

    /// <summary>The absolute path.</summary>
    public string Path => System.IO.Path.Combine(Folder, Name);

    /// <summary>Reads the content block by block, and never more than the size at which the file was found.</summary>
    /// <exception cref="PluginException">The file has another size now.</exception>
    public void Read(Action<ReadOnlySpan<byte>> take)
    {
        var block = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            using var content = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            var left = Bytes;
            for (int count; (count = content.Read(block, 0, BlockBytes)) > 0; left -= count)
            {
                if (count > left) break;
                take(block.AsSpan(0, count));
            }
            if (left != 0) throw Changing(Folder);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    /// <summary>Copies the content to a new file. Holes stay holes, so that the copy takes no more room than the file.</summary>
    public void CopyTo(string target)
    {
        using var copy = new FileStream(target, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        Read(block =>
        {
            if (block.ContainsAnyExcept((byte)0)) copy.Write(block);
            else copy.Seek(block.Length, SeekOrigin.Current);
        });
        copy.SetLength(Bytes);
    }

    /// <summary>The refusal of a folder whose content was another one a moment ago.</summary>
    public static PluginException Changing(string folder) =>
        new($"the plugin folder {folder} is being written to; it can be used when that is done");
}
