namespace SharedState.Bench.Load.Dialects;

/// <summary>The items of one update.</summary>
internal readonly record struct ItemBatch(Item Item, int Count, Stamp Stamp)
{
    /// <summary>How many bytes <see cref="Write"/> needs.</summary>
    public int Length => Count * (Item.Size + 1);

    /// <summary>Writes the items with commas between them; returns how many bytes they have.</summary>
    public int Write(Span<byte> to)
    {
        var length = Item.Write(to, Id(0), Stamp);
        for (var index = 1; index < Count; index++)
        {
            to[length++] = (byte)',';
            length += Item.Write(to[length..], Id(index), Stamp);
        }
        return length;
    }

    /// <summary>One item goes through the ids from update to update; many have all of them each time.</summary>
    private int Id(int index) => Count == 1 ? (int)(Stamp.Update % Item.Ids) : index;
}
