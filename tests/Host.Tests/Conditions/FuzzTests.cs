using System.Text;
using System.Text.Json;
using SharedState.Host.Conditions;
using SharedState.Host.Patterns;

namespace SharedState.Host.Tests.Conditions;

/// <summary>No condition and no item throws, hangs, or costs more than its size allows.</summary>
public sealed class FuzzTests
{
    private static readonly string[] Tokens =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "null", "true", "0", "-1", "1e400", "\"a\"", "\"a.b\"", "\"$in\"", "\"$not\"", "\"$or\"",
        "\"$elemMatch\"", "\"$all\"", "\"$regex\"", "\"$options\"", "\"$size\"", "\"\\ud800\"", "\"$\"", "\"\"", "\"0\"", "\u0000", "\"😀\"", "{sub}",
    ];

    [Fact]
    public void ABrokenConditionIsAMistakeAndNothingElse()
    {
        var (random, seed) = Seeded();
        var json = new RandomJson(random);
        var valid = 0;
        for (var round = 0; round < 30_000; round++)
        {
            var text = Broken(random, json.Condition(2));
            try
            {
                var bytes = Encoding.UTF8.GetBytes(text);
                if (Condition.TryParse(bytes, "filter", out var condition, out var mistake))
                {
                    valid++;
                    condition.Matches(Encoding.UTF8.GetBytes(json.Item()));
                }
                Assert.True(mistake is null || mistake.StartsWith("filter", StringComparison.Ordinal), mistake);
                SortOrder.TryParse(bytes, "order", out var order, out _);
                order.TryParseAfter(bytes, "after", out _, out _);
                Projection.TryParse(bytes, "fields", out _, out _);
                ConditionTemplate.Parse(bytes, "read", out _)?.For(_ => JsonElement.Parse("\"x\""));
            }
            catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"seed {seed}: {text}: {exception}");
            }
        }
        Assert.InRange(valid, 300, 29_000);
    }

    [Fact]
    public void AnyItemCanBeRead()
    {
        var (random, seed) = Seeded();
        var json = new RandomJson(random);
        Assert.True(SortOrder.TryParse("""[["a.0",1],["b.a",-1]]"""u8.ToArray(), "order", out var order, out _));
        Assert.True(Projection.TryParse("""["a.b","b.0.a","c"]"""u8.ToArray(), "fields", out var projection, out _));
        for (var round = 0; round < 30_000; round++)
        {
            var item = Broken(random, json.Item());
            var bytes = Encoding.UTF8.GetBytes(item);
            try
            {
                if (JsonDocument.Parse(bytes, new() { MaxDepth = int.MaxValue }).RootElement.ValueKind != JsonValueKind.Object) continue;
            }
            catch (JsonException)
            {
                continue;
            }
            try
            {
                ConditionTests.Parse(json.Condition(2)).Matches(bytes);
                order.Key(bytes, "x");
                JsonDocument.Parse(projection.Apply(bytes));
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {seed}: {item}: {exception}");
            }
        }
    }

    public static TheoryData<string, string, string> HostileCases()
    {
        var zeros = string.Join('.', Enumerable.Repeat("0", 250));
        var letters = string.Concat(Enumerable.Range(0, 900).Select(index => (char)(0x400 + (2 * index))));
        var longText = $$"""{"a":"{{new string('a', 20_000)}}"}""";
        var otherText = $$"""{"a":"{{new string('Ð', 3000)}}"}""";
        return new()
        {
            { "a path of indices", $$"""{"a.{{zeros}}":1}""", $$"""{"a":{{Nested(250, Many("[]", 4000))}}}""" },
            { "a path of indices into many objects", $$"""{"a.{{zeros}}":1}""", $$"""{"a":[{{Many(Nested(100, "1"), 50)}}]}""" },
            { "members with one name", """{"a.b":1}""", "{" + Many("\"a\":{\"b\":1}", 5000) + "}" },
            { "members with one name in an element", """{"a.0.b.c":1}""", "{\"a\":[{" + Many("\"b\":{\"c\":1}", 5000) + "}]}" },
            { "elements in elements", Elements(7, """{"x":1}"""), Lists(40, """{"x":0}""") },
            { "values that are almost equal", "{\"a\":{\"$in\":[" + Many("{\"k\":1,\"m\":5}", 300) + "]}}", "{\"a\":[" + Many("{\"k\":1,\"m\":0}", 1000) + "]}" },
            { "comparisons", $$"""{"$or":[{{Many("""{"a":{"$gt":5}}""", 80)}}]}""", $$"""{"a":[{{Many("1", 5000)}}]}""" },
            { "sizes", """{"a":{"$size":1}}""", $$"""{"a":[{{Many("[]", 5000)}}]}""" },
            { "an expression on empty strings", Expression("(a?){90}a{90}z"), $$"""{"a":[{{Many("\"\"", 5000)}}]}""" },
            { "an expression on a long string", Expression("(.?){149}z"), longText },
            { "a long way", Expression(".{290}z"), longText },
            { "two long ways", Expression(".*a.{200}x"), longText },
            { "places between words", Expression(@"(a?\\b|b?){40}z"), $$"""{"a":"{{string.Concat(Enumerable.Repeat("a ", 9000))}}"}""" },
            { "a large set many times", Expression($"([^{letters}]?){{140}}z"), otherText },
            { "a large set in a long way", Expression($"[^{letters}]{{290}}z"), otherText },
            { "a large set without case", Expression($"(?i)[^{letters}]{{290}}z"), otherText },
            { "a set of categories", Expression($"([^{string.Concat(Enumerable.Repeat(@"\\p{Lo}", 130))}]?){{140}}z"), otherText },
        };

        static string Expression(string pattern) => $$$"""{"a":{"$regex":"{{{pattern}}}"}}""";
        static string Many(string json, int count) => string.Join(',', Enumerable.Repeat(json, count));
        static string Nested(int depth, string inner) =>
            Enumerable.Range(0, depth).Aggregate(inner, (json, level) => level % 2 == 0 ? $"[{json}]" : $"{{\"0\":{json}}}");
        static string Elements(int depth, string inner) =>
            Enumerable.Range(0, depth).Aggregate(inner, (json, _) => "{\"a\":{\"$elemMatch\":" + json + "}}");
        static string Lists(int depth, string inner) =>
            Enumerable.Range(0, depth).Aggregate(inner, (json, level) => $$"""{"a":[{{(level < 8 ? $"{json},{json}" : json)}}]}""");
    }

    [Theory]
    [MemberData(nameof(HostileCases))]
    public void AMatchCostsAtMostAMillisecondForEachKiBAndNode(string what, string condition, string item)
    {
        var parsed = ConditionTests.Parse(condition);
        var bytes = Encoding.UTF8.GetBytes(item);
        JsonDocument.Parse(item, new() { MaxDepth = int.MaxValue });
        TimeSpan spent = Spent.Time(() => parsed.Matches(bytes)), millisecond = Spent.Time(RunAMillisecond);
        var allowed = millisecond * NodesOf(JsonElement.Parse(condition)) * Math.Max(1, bytes.Length / 1024.0);
        Assert.True(spent < allowed, $"{what}: {spent}, allowed: {allowed}");
    }

    /// <summary>The nodes of a condition: its operators, the names of its paths, its values, and each 50 instructions of its
    /// expressions.</summary>
    private static int NodesOf(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().Sum(member => NodesOf(member) + NodesOf(member.Value)),
        JsonValueKind.Array => json.EnumerateArray().Sum(NodesOf),
        _ => 1,
    };

    private static int NodesOf(JsonProperty member) =>
        member.Name == "$regex" ? 1 + (Pattern.Parse(member.Value.GetString()!, ignoreCase: false, out _)!.Size / 50)
        : member.Name.StartsWith('$') ? 1
        : member.Name.Split('.').Length;

    /// <summary>A loop that takes about a millisecond in a build with optimization, on the machine of docs/adr/0112. The test compares with
    /// it, because a build without optimization and a busy machine are slower.</summary>
    private static void RunAMillisecond()
    {
        Span<ulong> some = stackalloc ulong[8], others = stackalloc ulong[8];
        for (var index = 0; index < 1_450_000; index++) some[index & 7] |= others[(index + 1) & 7] + (ulong)index;
    }

    private static string Broken(Random random, string json)
    {
        var text = new StringBuilder(json);
        for (var count = random.Next(4); count > 0; count--)
        {
            var at = random.Next(text.Length + 1);
            switch (random.Next(3))
            {
                case 0: text.Insert(at, Tokens[random.Next(Tokens.Length)]); break;
                case 1: text.Remove(at, Math.Min(random.Next(6), text.Length - at)); break;
                default: text.Insert(at, text.ToString(at, Math.Min(random.Next(30), text.Length - at))); break;
            }
        }
        return text.ToString();
    }

    private static (Random Random, int Seed) Seeded()
    {
        var seed = Environment.GetEnvironmentVariable("SHAREDSTATE_SEED") is { } set ? int.Parse(set) : Random.Shared.Next();
        return (new(seed), seed);
    }
}
