using System.Text;
using System.Text.Unicode;
using SharedState.Host.Connections;
using SharedState.Host.Tests.Engine;
using Xunit.Abstractions;

namespace SharedState.Host.Tests.Protocol;

/// <summary>A text in any pieces is judged like the whole; SHAREDSTATE_SEED repeats a run.</summary>
public sealed class Utf8CheckTests(ITestOutputHelper output)
{
    private static readonly string[] s_parts =
        ["a", "é", "€", "😀", "\u0000", "80", "C3", "E2", "E282", "F0", "F09F98", "ED", "EDA080", "C0AF", "E08080", "F4", "F490", "F5", "FF"];

    [Fact]
    public void APieceMayEndAnywhereInACharacter()
    {
        var seed = Setting.Number("SHAREDSTATE_SEED", Environment.TickCount);
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var valid = 0;
        for (var run = 0; run < 100_000; run++)
        {
            // Mostly whole characters, rarely a part of one.
            byte[] text =
            [
                .. Enumerable
                    .Range(0, random.Next(12))
                    .SelectMany(_ => Part(random.Next(15) == 0 ? random.Next(s_parts.Length) : random.Next(5))),
            ];
            var check = new Utf8Check();
            var (passes, from) = (true, 0);
            while (passes && from < text.Length)
            {
                var to = Math.Min(text.Length, from + random.Next(0, 5));
                passes = check.Passes(text.AsSpan(from..to), last: false);
                from = to;
                Assert.True(
                    passes == CanBecomeValid(text.AsSpan(0, to)), $"seed {seed}, run {run}: {Convert.ToHexString(text)} up to {to}");
            }
            if (passes) passes = check.Passes([], last: true);
            Assert.True(passes == Utf8.IsValid(text), $"seed {seed}, run {run}: {Convert.ToHexString(text)}");
            if (passes) valid++;
        }
        Assert.InRange(valid, 20_000, 90_000);
    }

    /// <summary>Whether some bytes behind a text would make it UTF-8, by trying the ends that a cut character may have.</summary>
    private static bool CanBecomeValid(ReadOnlySpan<byte> text)
    {
        foreach (var end in (string[])["", "80", "BF", "8080", "BFBF", "808080", "BFBFBF"])
        {
            if (Utf8.IsValid([.. text, .. Convert.FromHexString(end)])) return true;
        }
        return false;
    }

    private static byte[] Part(int index) => index < 5 ? Encoding.UTF8.GetBytes(s_parts[index]) : Convert.FromHexString(s_parts[index]);
}
