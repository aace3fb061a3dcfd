using static SharedState.Host.Tests.Engine.RawSocket;
using static SharedState.Host.Tests.Protocol.Autobahn.AutobahnCase;

namespace SharedState.Host.Tests.Protocol.Autobahn;

/// <summary>Cases 9 and 10: sizes, fragments, chops and round trips. Sizes and numbers of messages are those of the testsuite divided by
/// 16.</summary>
internal static class SizeCases
{
    private const int Scale = 16;

    public static IEnumerable<AutobahnCase> All()
    {
        int[] sizes = [64 << 10, 256 << 10, 1 << 20, 4 << 20, 8 << 20, 16 << 20];
        int[] fragments = [64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20];
        int[] chops = [64, 128, 256, 512, 1_024, 2_048];
        int[] payloads = [0, 16, 64, 256, 1_024, 4_096];
        foreach (var (kind, opcode) in new[] { (0, Text), (1, Binary) })
        {
            for (var index = 0; index < sizes.Length; index++)
                yield return Case($"9.{kind + 1}.{index + 1}", sizes[index] / Scale, text => Frame(opcode, Request(text)));
            for (var index = 0; index < fragments.Length; index++)
                yield return Case(
                    $"9.{kind + 3}.{index + 1}", (4 << 20) / Scale, text => Fragments(opcode, Request(text), fragments[index] / Scale));
            for (var index = 0; index < chops.Length; index++)
                yield return Case($"9.{kind + 5}.{index + 1}", (1 << 20) / Scale, text => Frame(opcode, Request(text))) with
                {
                    Chop = chops[index],
                };
            for (var index = 0; index < payloads.Length; index++)
            {
                var text = new string('*', payloads[index]);
                var messages = Enumerable.Repeat(Frame(opcode, Request(text)), 1_000 / Scale);
                yield return new(
                    $"9.{kind + 7}.{index + 1}", [.. messages.SelectMany(message => message)], [.. messages.Select(_ => $"echo {text}")]);
            }
        }
        yield return Case("10.1.1", 65_536, text => Fragments(Text, Request(text), 1_300));
    }

    private static AutobahnCase Case(string number, int length, Func<string, byte[]> sent)
    {
        var text = new string('*', length);
        return new(number, sent(text), [$"echo {text}"]);
    }
}
