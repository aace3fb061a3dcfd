using SharedState;

namespace Items.Postgres;

/// <summary>
/// A committed update as the feed's log keeps it: whether it reset; the ids it removed; the ids and items it inserted. Lengths are 7-bit
/// encoded.
/// </summary>
internal static class Codec
{
    /// <summary>The update as bytes, with those of its removals that had an effect.</summary>
    public static byte[] Encode(ItemUpdate update, IReadOnlyList<string> removed)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(update.Reset);
        writer.Write7BitEncodedInt(removed.Count);
        foreach (var id in removed)
        {
            Write(writer, Names.Encode(id));
        }

        writer.Write7BitEncodedInt(update.Insert.Count);
        foreach (var item in update.Insert)
        {
            Write(writer, Names.Encode(item.Id));
            Write(writer, item.Json.Span);
        }

        return stream.ToArray();
    }

    /// <summary>The update that the bytes are. Its items are slices of them.</summary>
    public static ItemUpdate Decode(CollectionKey key, byte[] body)
    {
        try
        {
            var at = 1;
            var removed = new string[ReadInt(body, ref at)];
            for (var i = 0; i < removed.Length; i++)
            {
                removed[i] = Names.Decode(ReadBytes(body, ref at).Span);
            }

            var inserted = new Item[ReadInt(body, ref at)];
            for (var i = 0; i < inserted.Length; i++)
            {
                inserted[i] = new Item(Names.Decode(ReadBytes(body, ref at).Span), ReadBytes(body, ref at));
            }

            return new ItemUpdate { Key = key, Reset = body[0] != 0, Remove = removed, Insert = inserted };
        }
        catch (Exception e) when (e is ArgumentException or IndexOutOfRangeException or OverflowException)
        {
            throw new ItemServiceException(
                ItemServiceFault.Unusable, "The table commits holds what this plugin did not write: the storage is damaged.", e);
        }
    }

    private static void Write(BinaryWriter writer, ReadOnlySpan<byte> bytes)
    {
        writer.Write7BitEncodedInt(bytes.Length);
        writer.Write(bytes);
    }

    private static ReadOnlyMemory<byte> ReadBytes(byte[] body, ref int at)
    {
        var length = ReadInt(body, ref at);
        var bytes = body.AsMemory(at, length);
        at += length;
        return bytes;
    }

    private static int ReadInt(byte[] body, ref int at)
    {
        var value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var b = body[at++];
            value |= (b & 0x7F) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }
    }
}
