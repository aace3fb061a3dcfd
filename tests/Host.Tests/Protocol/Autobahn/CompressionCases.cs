using System.Text;

namespace SharedState.Host.Tests.Protocol.Autobahn;

/// <summary>Cases 12 and 13: messages of several kinds and sizes, compressed, in fragments; and offers of permessage-deflate.</summary>
internal static class CompressionCases
{
    /// <summary>The payload and, where the message is sent in fragments, their size.</summary>
    private static readonly (int Length, int Fragment)[] s_sizes =
    [
        (16, 0), (64, 0), (256, 0), (1_024, 0), (4_096, 0), (8_192, 0), (16_384, 0), (32_768, 0), (65_536, 0), (131_072, 0),
        (8_192, 256), (16_384, 256), (32_768, 256), (65_536, 256), (131_072, 256), (131_072, 1_024), (131_072, 4_096), (131_072, 32_768),
    ];

    // Instead of the files of the testsuite: a text, noise, noise of few letters, JSON, markup.
    private static readonly Func<int, Random, string>[] s_contents =
    [
        (length, random) =>
            Words(
                length, random,
                "Habe nun, ach! Philosophie, Juristerei und Medizin, und leider auch Theologie durchaus studiert, mit heißem Bemühn."),
        (length, random) => Letters(length, random, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
        (length, random) => Letters(length, random, "abc"),
        (length, random) => Words(length, random, "{'id': 1, 'name': 'Ä', 'tags': ['a', 'b'], 'on': true} , {'id': 2}"),
        (length, random) => Words(length, random, "<p> <b> </b> </p> <a href='#'> </a> Überschrift text of a page"),
    ];

    private static readonly string[] s_offers =
    [
        "permessage-deflate; client_no_context_takeover; client_max_window_bits",
        "permessage-deflate; client_no_context_takeover; client_max_window_bits; server_no_context_takeover",
        "permessage-deflate; client_no_context_takeover; client_max_window_bits; server_max_window_bits=8",
        "permessage-deflate; client_no_context_takeover; client_max_window_bits; server_max_window_bits=15",
        "permessage-deflate; client_no_context_takeover; client_max_window_bits; server_no_context_takeover; server_max_window_bits=8",
        "permessage-deflate; client_no_context_takeover; client_max_window_bits; server_no_context_takeover; server_max_window_bits=15",
        "permessage-deflate; client_max_window_bits; server_no_context_takeover; server_max_window_bits=8, " +
            "permessage-deflate; client_max_window_bits; server_no_context_takeover, permessage-deflate; client_max_window_bits",
    ];

    /// <summary>A case: the offer, whether the server takes it, the tunnel that is sent and comes back, and the size of the fragments (0
    /// for none).</summary>
    public static (string Offer, bool Taken, string Text, int Fragment) Find(string number)
    {
        var parts = number.Split('.').Select(int.Parse).ToArray();
        var (length, fragment) = s_sizes[parts[2] - 1];
        var random = new Random(length + parts[1]);
        return parts[0] == 12
            ? (s_offers[0], true, s_contents[parts[1] - 1](length, random), fragment)
            : (s_offers[parts[1] - 1], parts[1] is not (3 or 5), s_contents[3](length, random), fragment);
    }

    public static IEnumerable<string> Numbers() =>
        from @group in Enumerable
            .Range(1, 5)
            .Select(content => $"12.{content}")
            .Concat(Enumerable.Range(1, 7).Select(offer => $"13.{offer}"))
        from size in Enumerable.Range(1, s_sizes.Length)
        select $"{@group}.{size}";

    private static string Words(int length, Random random, string text)
    {
        var words = text.Split(' ');
        var made = new StringBuilder();
        while (made.Length < length) made.Append(words[random.Next(words.Length)]).Append(' ');
        return made.ToString(0, length);
    }

    private static string Letters(int length, Random random, string letters) => string.Create(length, (random, letters), (span, made) =>
    {
        foreach (ref var letter in span) letter = made.letters[made.random.Next(made.letters.Length)];
    });
}
