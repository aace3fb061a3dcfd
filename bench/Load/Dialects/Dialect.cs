using SharedState.Bench.Load.Wire;

namespace SharedState.Bench.Load.Dialects;

/// <summary>How one kind of server is spoken to. What it says of an update is the same, and as long, in all of them.</summary>
internal abstract class Dialect
{
    /// <summary>Asks what must come first on a link.</summary>
    public virtual void Greet(Link link)
    {
    }

    /// <summary>Asks for a room's notices.</summary>
    public abstract void Follow(Link link, string room);

    /// <summary>Tells the server in which room the link will write.</summary>
    public abstract void Write(Link link, string room);

    /// <summary>Puts an update of a room into what is to be sent.</summary>
    public abstract void Update(Outgoing outgoing, string room, ItemBatch items);

    /// <summary>Reads the first message of a frame's payload, and cuts it off; false if there is none.</summary>
    public abstract bool TryRead(ref ReadOnlySpan<byte> payload, out Message message);

    /// <summary>The number that stands behind a name, like <c>"rev":</c>; -1 without the name.</summary>
    protected static long Number(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name)
    {
        var start = text.IndexOf(name);
        if (start < 0) return -1;
        long number = 0;
        foreach (var character in text[(start + name.Length)..])
        {
            if (character is < (byte)'0' or > (byte)'9') break;
            number = number * 10 + (character - '0');
        }
        return number;
    }

    /// <summary>The last item's stamp; none in an empty collection.</summary>
    protected static Stamp LastStamp(ReadOnlySpan<byte> text)
    {
        var start = text.LastIndexOf(Item.StampName);
        return start < 0 ? default : Stamp.Read(text[(start + Item.StampName.Length)..]);
    }
}
