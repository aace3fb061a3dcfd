using System.Text;
using SharedState.Bench.Load.Wire;

namespace SharedState.Bench.Load.Dialects;

/// <summary>What the updates of an <see cref="EditDialect"/> do.</summary>
internal enum Edit
{
    /// <summary>All writers insert one and the same item.</summary>
    InsertOne,

    /// <summary>All writers add to one number.</summary>
    Increment,

    /// <summary>Each writer inserts an item of its own.</summary>
    InsertOwn,

    /// <summary>Each writer inserts an item of its own, if it has not changed since the writer's last reply.</summary>
    InsertUnchanged,
}

/// <summary>Shared State's protocol, with updates of one kind. An object for each server, since it remembers the last position.</summary>
internal sealed class EditDialect(Edit edit) : SharedDialect
{
    private static readonly Item Own = new(100);

    private long _revision;
    private byte[]? _epoch;

    public override void Update(Outgoing outgoing, string room, ItemBatch items)
    {
        var text = new TextSpan(outgoing.Begin(LongestEnvelope + items.Length));
        text.Add("""{"type":"REQUEST","cmd":"PUT","path":"/bench/items/"""u8);
        text.Add(room);
        text.Add("\",\"tunnel\":"u8);
        text.Add(items.Stamp.Update);
        text.Add(",\"arg\":{"u8);
        if (edit == Edit.InsertUnchanged && _epoch is not null)
        {
            text.Add("\"if\":{\"since\":"u8);
            text.Add(_revision);
            text.Add(",\"epoch\":\""u8);
            text.Add(_epoch);
            text.Add("\"},"u8);
        }
        if (edit == Edit.Increment)
        {
            text.Add("\"inc\":[{\"id\":\"k00\",\"path\":\"count\",\"by\":1}]}}"u8);
        }
        else
        {
            var id = edit == Edit.InsertOne ? 0 : items.Stamp.Writer;
            text.Add("\"insert\":["u8);
            text.Add(new ItemBatch(Own, 1, new(items.Stamp.Writer, id))); // the stamp's update is the number of the id
            text.Add("]}}"u8);
        }
        outgoing.Finish(text.Length);
    }

    public override bool TryRead(ref ReadOnlySpan<byte> payload, out Message message)
    {
        var head = payload[..Math.Min(payload.Length, LongestEnvelope)];
        _revision = Math.Max(_revision, Number(head, "\"rev\":"u8));
        if (_epoch is null && head.IndexOf("\"epoch\":\""u8) is >= 0 and var start)
        {
            var rest = head[(start + "\"epoch\":\"".Length)..];
            _epoch = Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(rest[..rest.IndexOf((byte)'"')]));
        }
        return base.TryRead(ref payload, out message);
    }
}
