using System.Text;
using SharedState.Bench.Load.Wire;

namespace SharedState.Bench.Load.Dialects;

/// <summary>Shared State's protocol: a room is a collection of the service <c>items</c>.</summary>
internal class SharedDialect : Dialect
{
    /// <summary>What may stand around the items of an update or of a notice.</summary>
    public const int LongestEnvelope = 400;

    public static string Path(string room) => $"/bench/items/{room}";

    /// <summary>The request that makes a collection, with one small item.</summary>
    public static string Creation(string room) =>
        $$"""{"type":"REQUEST","cmd":"PUT","path":"{{Path(room)}}","tunnel":0,"arg":{"insert":[{"id":"k00","data":"x"}]} }""";

    public override void Follow(Link link, string room)
    {
        link.Ask(Subscribe(room));
    }

    /// <summary>The request for a room's notices; options that say what the client has already make it a resume.</summary>
    public static string Subscribe(string room, string options = "null") =>
        $$"""{"type":"REQUEST","cmd":"PUT","path":"/subs","tunnel":0,"arg":{"insert":[["{{Path(room)}}",{{options}}]]} }""";

    public override void Write(Link link, string room)
    {
    }

    public override void Update(Outgoing outgoing, string room, ItemBatch items)
    {
        var text = new TextSpan(outgoing.Begin(LongestEnvelope + items.Length));
        text.Add("""{"type":"REQUEST","cmd":"PUT","path":"/bench/items/"""u8);
        text.Add(room);
        text.Add("\",\"tunnel\":"u8);
        text.Add(items.Stamp.Update);
        text.Add(",\"arg\":{\"insert\":["u8);
        text.Add(items);
        text.Add("]}}"u8);
        outgoing.Finish(text.Length);
    }

    public override bool TryRead(ref ReadOnlySpan<byte> payload, out Message message)
    {
        message = default;
        if (payload.IsEmpty) return false;
        var text = payload;
        var head = text[..Math.Min(text.Length, LongestEnvelope)];
        payload = default;
        if (text.StartsWith("{\"type\":\"MESSAGE\""u8))
        {
            message = new(MessageKind.Notice)
            {
                Revision = Number(head, "\"rev\":"u8),
                Previous = Number(head, "\"prev\":"u8),
                Stamp = LastStamp(text),
            };
            return true;
        }
        if (head.IndexOf("\"ok\":true"u8) < 0) throw new Violation($"a request was refused: {Encoding.UTF8.GetString(head)}");
        var tunnel = Number(head, "\"tunnel\":"u8);
        message = new(tunnel == 0 ? MessageKind.Answer : MessageKind.Acknowledgement) { Update = tunnel };
        return true;
    }
}
