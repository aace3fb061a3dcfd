namespace SharedState.Items.MySql;

/// <summary>
/// An update as it stands in the table of commits: a byte that tells the form, the ids that it removed, and what it inserted, each id and
/// item byte by byte. Not JSON: so nothing has to be parsed, or asked for its id, to be read.
/// </summary>
internal static class StoredCommit
{
    private const byte Plain = 1, Reset = 2;

    /// <summary>The bytes; null if they are more than may be.</summary>
    public static byte[]? Write(ItemUpdate update, int limit)
    {
        // A text has at least as many bytes as characters: what is too large by these is too large. The rest is measured when it is
        // written.
        var bytes = 0L;
        for (var i = 0; i < update.Remove.Count; i++) bytes += update.Remove[i].Length;
        for (var i = 0; i < update.Insert.Count; i++) bytes += update.Insert[i].Id.Length + update.Insert[i].Json.Length;
        if (bytes > limit) return null;

        using var stream = new MemoryStream((int)bytes + 64);
        using var writer = new BinaryWriter(stream);
        writer.Write(update.Reset ? Reset : Plain);
        writer.Write7BitEncodedInt(update.Remove.Count);
        for (var i = 0; i < update.Remove.Count; i++) writer.Write(update.Remove[i]);
        writer.Write7BitEncodedInt(update.Insert.Count);
        for (var i = 0; i < update.Insert.Count; i++)
        {
            writer.Write(update.Insert[i].Id);
            writer.Write7BitEncodedInt(update.Insert[i].Json.Length);
            writer.Write(update.Insert[i].Json.Span);
        }
        return stream.Length > limit ? null : stream.ToArray();
    }

    /// <summary>The update; null if it is in a form that a later version writes.</summary>
    public static ItemUpdate? Read(CollectionKey key, byte[] data)
    {
        using var reader = new BinaryReader(new MemoryStream(data));
        var form = reader.ReadByte();
        if (form is not (Plain or Reset)) return null;
        var remove = new string[reader.Read7BitEncodedInt()];
        for (var i = 0; i < remove.Length; i++) remove[i] = reader.ReadString();
        var insert = new Item[reader.Read7BitEncodedInt()];

        // Each item in an array of its own: one that stays does not hold on to the others.
        for (var i = 0; i < insert.Length; i++) insert[i] = new Item(reader.ReadString(), reader.ReadBytes(reader.Read7BitEncodedInt()));
        return new ItemUpdate { Key = key, Reset = form == Reset, Remove = remove, Insert = insert };
    }
}
