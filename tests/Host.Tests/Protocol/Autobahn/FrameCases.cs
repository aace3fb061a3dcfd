using System.Buffers.Binary;
using static SharedState.Host.Tests.Engine.RawSocket;
using static SharedState.Host.Tests.Protocol.Autobahn.AutobahnCase;

namespace SharedState.Host.Tests.Protocol.Autobahn;

/// <summary>Cases 1 to 5 and 7: framing, pings, reserved bits, opcodes, fragments, closing.</summary>
internal static class FrameCases
{
    private static readonly byte[] s_hello = Echo("Hello, world!");
    private static readonly byte[] s_normal = Frame(Close, Code(1000));

    public static IEnumerable<AutobahnCase> All() =>
        [.. Messages(), .. Pings(), .. ReservedBits(), .. Opcodes(), .. Fragmented(), .. Closing(), .. CloseCodes()];

    private static IEnumerable<AutobahnCase> Messages()
    {
        var number = 0;
        foreach (var (length, chop) in new[] { (0, 0), (125, 0), (126, 0), (127, 0), (128, 0), (65_535, 0), (65_536, 0), (65_536, 997) })
        {
            number++;
            var payload = Bytes(new string('*', length));
            yield return new($"1.1.{number}", Frame(Text, payload), ["reply"], chop);
            payload.AsSpan().Fill(0xFE); // not UTF-8, as a binary message may be
            yield return new($"1.2.{number}", Frame(Binary, payload), ["reply"], chop);
        }
    }

    private static IEnumerable<AutobahnCase> Pings()
    {
        var text = "Hello, world!";
        byte[] binary = [0x00, 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0x00, 0xFF],
            full = [.. Enumerable.Repeat((byte)0xFE, 125)],
            more = new byte[126];
        byte[] ten = [.. Enumerable.Range(0, 10).SelectMany(ping => Frame(Ping, Bytes($"payload-{ping}")))];
        string[] tenPongs = [.. Enumerable.Range(0, 10).Select(ping => Pong($"payload-{ping}"))];
        yield return new("2.1", Frame(Ping, []), [Pong("")]);
        yield return new("2.2", Frame(Ping, Bytes(text)), [Pong(text)]);
        yield return new("2.3", Frame(Ping, binary), [$"pong {Convert.ToHexString(binary)}"]);
        yield return new("2.4", Frame(Ping, full), [$"pong {Convert.ToHexString(full)}"]);
        yield return new("2.5", Frame(Ping, more), ["close 1002"]);
        yield return new("2.6", Frame(Ping, full), [$"pong {Convert.ToHexString(full)}"], 1);
        yield return new("2.7", Frame(10, []), []);
        yield return new("2.8", Frame(10, Bytes("unsolicited pong payload")), []);
        yield return new(
            "2.9", [.. Frame(10, Bytes("unsolicited pong payload")), .. Frame(Ping, Bytes("ping payload"))], [Pong("ping payload")]);
        yield return new("2.10", ten, tenPongs);
        yield return new("2.11", ten, tenPongs, 1);
    }

    private static IEnumerable<AutobahnCase> ReservedBits()
    {
        byte[] Reserved(int opcode, int bits) => Frame(opcode, opcode == Text ? Request("reserved") : opcode == Close ? Code(1000) : Bytes("*"), reserved: bits);
        yield return new("3.1", Reserved(Text, 1), ["close 1002"]);
        yield return new("3.2", [.. s_hello, .. Reserved(Text, 2), .. Frame(Ping, [])], ["echo Hello, world!", "close 1002"]);
        yield return new("3.3", [.. s_hello, .. Reserved(Text, 3), .. Frame(Ping, [])], ["echo Hello, world!", "close 1002"], 8);
        yield return new("3.4", [.. s_hello, .. Reserved(Text, 4), .. Frame(Ping, [])], ["echo Hello, world!", "close 1002"], 1);
        yield return new("3.5", Reserved(Binary, 5), ["close 1002"]);
        yield return new("3.6", Reserved(Ping, 6), ["close 1002"]);
        yield return new("3.7", Reserved(Close, 7), ["close 1002"]);
    }

    private static IEnumerable<AutobahnCase> Opcodes()
    {
        var text = Bytes("reserved opcode payload");
        foreach (var (group, first) in new[] { ("4.1", 3), ("4.2", 11) })
        {
            yield return new($"{group}.1", Frame(first, []), ["close 1002"]);
            yield return new($"{group}.2", Frame(first + 1, text), ["close 1002"]);
            yield return new($"{group}.3", [.. s_hello, .. Frame(first + 2, []), .. Frame(Ping, [])], ["echo Hello, world!", "close 1002"]);
            yield return new(
                $"{group}.4", [.. s_hello, .. Frame(first + 3, text), .. Frame(Ping, [])], ["echo Hello, world!", "close 1002"]);
            yield return new(
                $"{group}.5", [.. s_hello, .. Frame(first + 4, text), .. Frame(Ping, [])], ["echo Hello, world!", "close 1002"], 1);
        }
    }

    private static IEnumerable<AutobahnCase> Fragmented()
    {
        byte[][] parts = [Request("fragment1fragment2")[..60], Request("fragment1fragment2")[60..]];
        byte[] whole = Fragments(Text, parts),
            first = Frame(Text, parts[0], final: false),
            last = Frame(Continuation, parts[1]),
            ping = Frame(Ping, Bytes("ping"));
        string[] echo = ["echo fragment1fragment2"], pongThenEcho = [Pong("ping"), .. echo];
        byte[] PongBetween(byte[] before) => [.. before, .. ping, .. last];
        yield return new("5.1", [.. Frame(Ping, parts[0], final: false), .. last], ["close 1002"]);
        yield return new("5.2", [.. Frame(10, parts[0], final: false), .. last], ["close 1002"]);
        yield return new("5.3", whole, echo);
        yield return new("5.4", whole, echo, first.Length);
        yield return new("5.5", whole, echo, 1);
        yield return new("5.6", PongBetween(first), pongThenEcho);
        yield return new("5.7", PongBetween(first), pongThenEcho, first.Length);
        yield return new("5.8", PongBetween(first), pongThenEcho, 1);
        foreach (var (group, final) in new[] { (9, true), (12, false) })
        {
            byte[] nothing = [.. Frame(Continuation, Bytes("non-continuation payload"), final), .. s_hello];
            yield return new($"5.{group}", nothing, ["close 1002"]);
            yield return new($"5.{group + 1}", nothing, ["close 1002"], nothing.Length - s_hello.Length);
            yield return new($"5.{group + 2}", nothing, ["close 1002"], 1);
        }
        yield return new("5.15", [.. whole, .. Frame(Continuation, Bytes("fragment3"), final: false), .. s_hello], [.. echo, "close 1002"]);
        foreach (var (group, final) in new[] { (16, false), (17, true) })
        {
            byte[] round = [.. Frame(Continuation, Bytes("fragment1"), final), .. first, .. last];
            yield return new($"5.{group}", [.. round, .. round], ["close 1002"]);
        }
        yield return new("5.18", [.. first, .. Frame(Text, parts[1])], ["close 1002"]);
        byte[][] five = [.. Request("fragment1fragment2fragment3fragment4fragment5").Chunk(22)];
        byte[] pinged =
        [
            .. five.SelectMany((part, index) => (byte[])[.. Frame(index == 0 ? Text : Continuation, part, final: index == five.Length - 1), .. index is 1 or 3 ? Frame(Ping, Bytes($"pongme {index}!")) : []]),
        ];
        string[] answers = [Pong("pongme 1!"), Pong("pongme 3!"), "echo fragment1fragment2fragment3fragment4fragment5"];
        yield return new("5.19", pinged, answers);
        yield return new("5.20", pinged, answers, 1);
    }

    private static IEnumerable<AutobahnCase> Closing()
    {
        byte[] first = Frame(Text, Bytes("fragment1"), final: false), last = Frame(Continuation, Bytes("fragment2"));
        yield return new("7.1.1", [.. s_hello, .. s_normal], ["echo Hello, world!", "close 1000"]);
        yield return new("7.1.2", [.. s_normal, .. s_normal], ["close 1000"]);
        yield return new("7.1.3", [.. s_normal, .. Frame(Ping, [])], ["close 1000"]);
        yield return new("7.1.4", [.. s_normal, .. s_hello], ["close 1000"]);
        yield return new("7.1.5", [.. first, .. s_normal, .. last], ["close 1000"]);
        yield return new(
            "7.1.6", [.. Frame(Text, new byte[256 << 10]), .. s_hello, .. s_normal, .. Frame(Ping, [])],
            ["reply", "echo Hello, world!", "close 1000"]);
        yield return new("7.3.1", Frame(Close, []), ["close"]);
        yield return new("7.3.2", Frame(Close, "a"u8), ["close 1002"]);
        yield return new("7.3.3", s_normal, ["close 1000"]);
        yield return new("7.3.4", Frame(Close, [.. Code(1000), .. "Hello World!"u8]), ["close 1000"]);
        yield return new("7.3.5", Frame(Close, [.. Code(1000), .. Bytes(new string('*', 123))]), ["close 1000"]);
        yield return new("7.3.6", Frame(Close, [.. Code(1000), .. Bytes(new string('*', 124))]), ["close 1002"]);
        yield return new("7.5.1", Frame(Close, [.. Code(1000), .. TextCases.Invalid]), ["close 1007"]);
        yield return new("7.13.1", Frame(Close, Code(5000)), ["close 1002"]);
        yield return new("7.13.2", Frame(Close, Code(65_535)), ["close 1002"]);
    }

    private static IEnumerable<AutobahnCase> CloseCodes()
    {
        int[] valid = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999],
            invalid = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
        for (var index = 0; index < valid.Length; index++)
            yield return new($"7.7.{index + 1}", Frame(Close, Code(valid[index])), [$"close {valid[index]}"]);
        for (var index = 0; index < invalid.Length; index++)
            yield return new($"7.9.{index + 1}", Frame(Close, Code(invalid[index])), ["close 1002"]);
    }

    private static string Pong(string text) => $"pong {Convert.ToHexString(Bytes(text))}";

    private static byte[] Code(int code)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)code);
        return bytes;
    }
}
