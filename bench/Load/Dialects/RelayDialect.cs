using SharedState.Bench.Load.Wire;

namespace SharedState.Bench.Load.Dialects;

/// <summary>What the ceilings understand: they relay what the writer sends, so the writer sends what Shared State's notice would
/// be.</summary>
internal class RelayDialect : Dialect
{
    // As long as a real one.
    private const string Epoch = "0123456789abcdef";

    /// <summary>What a ceiling acknowledges with; as long as Shared State's reply in the middle of a measurement.</summary>
    private const string Acknowledgement =
        $$"""{"type":"REPLY","cmd":"PUT","tunnel":123456,"ok":true,"rev":123456,"epoch":"{{Epoch}}","data":1}""";

    public override void Follow(Link link, string room) => Ask(link, $"F {room}");

    public override void Write(Link link, string room) => Ask(link, $"R {room}");

    public override void Update(Outgoing outgoing, string room, ItemBatch items)
    {
        var text = new TextSpan(outgoing.Begin(SharedDialect.LongestEnvelope + items.Length));
        Notice(ref text, room, items);
        outgoing.Finish(text.Length);
    }

    public override bool TryRead(ref ReadOnlySpan<byte> payload, out Message message)
    {
        var text = payload;
        payload = default;
        message = text switch
        {
            _ when text.StartsWith("{\"type\":\"MESSAGE\""u8) => Notice(text),
            _ when text.StartsWith("{\"type\":\"REPLY\""u8) => new(MessageKind.Acknowledgement) { Update = -1 },
            _ => new(MessageKind.Answer),
        };
        return !text.IsEmpty;
    }

    protected static Message Notice(ReadOnlySpan<byte> text) => new(MessageKind.Notice)
    {
        Revision = Number(text, "\"rev\":"u8),
        Previous = Number(text, "\"prev\":"u8),
        Stamp = LastStamp(text),
    };

    protected static void Notice(ref TextSpan text, string room, ItemBatch items)
    {
        text.Add("""{"type":"MESSAGE","cmd":"NOTIFY","path":"/bench/items/"""u8);
        text.Add(room);
        text.Add("\",\"rev\":"u8);
        text.Add(items.Stamp.Update);
        text.Add(",\"epoch\":\""u8);
        text.Add(Epoch);
        text.Add("\",\"prev\":"u8);
        text.Add(items.Stamp.Update - 1);
        text.Add(",\"data\":{\"reset\":false,\"remove\":[],\"insert\":["u8);
        text.Add(items);
        text.Add("]}}"u8);
    }

    private static void Ask(Link link, string command)
    {
        link.Ask($"A {Acknowledgement}");
        link.Ask(command);
    }
}
