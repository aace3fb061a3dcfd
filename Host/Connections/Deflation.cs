using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SharedState.Host.Connections;

/// <summary>
/// The shared bodies of frames, deflated (RFC 7692, without context takeover). A body is deflated once, regardless of the number of its
/// frames: the bytes before and after it go into stored blocks of the same stream.
/// </summary>
internal static class Deflation
{
    private const int StoredHeader = 5, MostStored = ushort.MaxValue;

    // By the array that holds a body. A whole snapshot and each of its parts are different bodies.
    private static readonly ConditionalWeakTable<byte[], Lazy<ReadOnlyMemory<byte>?>> Known = [];

    /// <summary>A body as blocks of a deflate stream that end on a byte boundary; null if the result is not smaller.</summary>
    public static ReadOnlyMemory<byte>? Of(ReadOnlyMemory<byte> body)
    {
        if (!MemoryMarshal.TryGetArray(body, out var segment) || segment.Count != segment.Array!.Length) return Deflate(body.Span);
        // Threads that request the same body wait for the first of them.
        return Known.GetValue(segment.Array, static array => new(() => Deflate(array))).Value;
    }

    /// <summary>The bytes that <see cref="WriteStored"/> writes.</summary>
    public static int StoredLength(int length) => length + (StoredHeader * ((length + MostStored - 1) / MostStored));

    /// <summary>Writes bytes as stored blocks (RFC 1951, 3.2.4). The stream is on a byte boundary before and after the call.</summary>
    public static void WriteStored(Span<byte> target, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var block = bytes[..Math.Min(bytes.Length, MostStored)];
            bytes = bytes[block.Length..];
            target[0] = 0;
            BinaryPrimitives.WriteUInt16LittleEndian(target[1..], (ushort)block.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(target[3..], (ushort)~block.Length);
            block.CopyTo(target[StoredHeader..]);
            target = target[(StoredHeader + block.Length)..];
        }
    }

    private static ReadOnlyMemory<byte>? Deflate(ReadOnlySpan<byte> body)
    {
        using var output = new MemoryStream(body.Length / 4);
        using var deflate = new DeflateStream(output, CompressionLevel.Fastest, leaveOpen: true);
        deflate.Write(body);
        deflate.Flush(); // ends in an empty stored block, and so on a byte's border
        // Not a conditional expression: its null would be an array, which becomes an empty body.
        if (output.Length >= body.Length) return null;
        return output.ToArray();
    }
}
