using System.Text;
using SharedState.Bench.Load.Wire;

namespace SharedState.Bench.Load.Dialects;

/// <summary>SignalR's JSON protocol; several of its records may stand in one frame.</summary>
internal sealed class HubDialect : RelayDialect
{
    private const byte RecordEnd = 0x1E;

    public override void Greet(Link link)
    {
        link.Ask("{\"protocol\":\"json\",\"version\":1}\u001e");
    }

    public override void Follow(Link link, string room)
    {
        link.Ask($$"""{"type":1,"invocationId":"0","target":"Follow","arguments":["{{room}}"]}""" + '\u001e');
    }

    public override void Write(Link link, string room)
    {
    }

    public override void Update(Outgoing outgoing, string room, ItemBatch items)
    {
        var text = new TextSpan(outgoing.Begin(2 * SharedDialect.LongestEnvelope + items.Length));
        text.Add("{\"type\":1,\"invocationId\":\""u8);
        text.Add(items.Stamp.Update);
        text.Add("\",\"target\":\"Publish\",\"arguments\":[\""u8);
        text.Add(room);
        text.Add("\","u8);
        Notice(ref text, room, items);
        text.Add("]}\u001e"u8);
        outgoing.Finish(text.Length);
    }

    public override bool TryRead(ref ReadOnlySpan<byte> payload, out Message message)
    {
        message = default;
        while (payload.IndexOf(RecordEnd) is >= 0 and var end)
        {
            var record = payload[..end];
            payload = payload[(end + 1)..];
            if (record.StartsWith("{\"type\":6"u8)) continue; // a ping
            message = record switch
            {
                _ when record.StartsWith("{\"type\":1"u8) => Notice(record),
                _ when record.StartsWith("{\"type\":3"u8) => Completion(record),
                _ when record.SequenceEqual("{}"u8) => new(MessageKind.Answer), // of the handshake
                _ => throw new Violation($"SignalR said {Encoding.UTF8.GetString(record)}"),
            };
            return true;
        }
        return false;
    }

    private static Message Completion(ReadOnlySpan<byte> record)
    {
        if (record.IndexOf("\"error\":"u8) >= 0) throw new Violation($"SignalR refused: {Encoding.UTF8.GetString(record)}");
        var update = Number(record, "\"invocationId\":\""u8);
        return new(update == 0 ? MessageKind.Answer : MessageKind.Acknowledgement) { Update = update };
    }
}
