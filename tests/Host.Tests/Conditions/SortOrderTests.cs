using System.Text;
using System.Text.Json;
using SharedState.Host.Conditions;

namespace SharedState.Host.Tests.Conditions;

/// <summary>Orders of items.</summary>
public sealed class SortOrderTests
{
    [Theory] // values of the field v in ascending order; the same rank where a bar is missing
    [InlineData("null | -1e400 | -2 | -1.5 | -0 | 1e-300 | 1 | 1.5 | 9007199254740993 | 1e400")]
    [InlineData("""null | 0 | "" | "\u0000" | "\u0000\u0000" | "\u0000a" | "A" | "a" | "a\u0000" | "a\u0001" | "aa" | "b" | "ä" | "\uffee" | "😀" """)]
    [InlineData("""null | 5 | "z" | {"a":1} | {"b":1} | {} | [[1]] | [[2]] | [[]] | false | true""")]
    [InlineData("""[] | [3,1,2] | 2 | [3] | "a" | {"x":1} | [true] """)]
    public void TypesAndValuesHaveAnOrder(string values)
    {
        var order = Parse("""[["v",1]]""");
        var keys = values.Split(" | ").Select(value => order.Key(Encoding.UTF8.GetBytes($$"""{"id":"x","v":{{value}}}"""), "x")).ToArray();
        AssertAscending(keys, values);
        var descending = Parse("""[["v",-1]]""");
        if (!values.Contains("[3", StringComparison.Ordinal))
        {
            AssertAscending(
                [.. values.Split(" | ").Reverse().Select(
                    value => descending.Key(Encoding.UTF8.GetBytes($$"""{"id":"x","v":{{value}}}"""), "x"))], values);
        }
    }

    [Theory] // order, item, the same item: they differ in the id alone
    [InlineData("""[["v",1]]""", """{}""", """{"v":null}""")]
    [InlineData("""[["v",1]]""", """{"v":1}""", """{"v":1.0}""")]
    [InlineData("""[["v",1]]""", """{"v":0}""", """{"v":-0.0}""")]
    [InlineData("""[["v",1]]""", """{"v":"a"}""", """{"v":"\u0061"}""")]
    [InlineData("""[["v",1]]""", """{"v":[5,2,9]}""", """{"v":2}""")]
    [InlineData("""[["v",-1]]""", """{"v":[5,2,9]}""", """{"v":9}""")]
    [InlineData("""[["v",1]]""", """{"v":[]}""", """{}""")]
    [InlineData("""[["v",-1]]""", """{"v":[]}""", """{}""")]
    [InlineData("""[["v.w",1]]""", """{"v":[{"w":3},{"w":[2,4]}]}""", """{"v":{"w":2}}""")]
    [InlineData("""[["v.w",-1]]""", """{"v":[{"w":3},{"w":[2,4]}]}""", """{"v":{"w":4}}""")]
    [InlineData("""[["v.w",1]]""", """{"v":[{"w":3},{}]}""", """{}""")]
    [InlineData("""[["v.w",1]]""", """{"v":[1]}""", """{}""")]
    [InlineData("""[["v.1",1]]""", """{"v":[5,[4,3]]}""", """{"v":{"1":3}}""")]
    [InlineData("[]", """{"v":1}""", """{"v":2}""")]
    public void EqualItemsStandByIdAscending(string text, string item, string other)
    {
        var order = Parse(text);
        AssertAscending(
            [
                order.Key(Encoding.UTF8.GetBytes(item), "A"), order.Key(Encoding.UTF8.GetBytes(other), "a"),
                order.Key(Encoding.UTF8.GetBytes(item), "a "), order.Key(Encoding.UTF8.GetBytes(other), "ä"),
                order.Key(Encoding.UTF8.GetBytes(item), "\ufffd"), order.Key(Encoding.UTF8.GetBytes(other), "😀"),
            ],
            text);
        Assert.Equal(order.Key(Encoding.UTF8.GetBytes(item), "x"), order.Key(Encoding.UTF8.GetBytes(other), "x"));
    }

    [Fact]
    public void TheFirstPathThatDiffersDecides()
    {
        var order = Parse("""[["a",1],["b",-1]]""");
        string[] items = ["""{"a":1,"b":"b"}""", """{"a":1,"b":"aa"}""", """{"a":1,"b":"a"}""", """{"a":1}""", """{"a":2,"b":"z"}"""];
        AssertAscending([.. items.Select(item => order.Key(Encoding.UTF8.GetBytes(item), "x"))], "");
    }

    [Fact]
    public void TheKeysOfRandomItemsCompareLikeTheirValues()
    {
        var seed = Environment.GetEnvironmentVariable("SHAREDSTATE_SEED") is { } set ? int.Parse(set) : Random.Shared.Next();
        var random = new Random(seed);
        for (var round = 0; round < 5000; round++)
        {
            (double, string, string) one = (Number(), Text(), Text()), two = (Number(), Text(), Text());
            var (first, second) = (random.Next(2) * 2 - 1, random.Next(2) * 2 - 1);
            var order = Parse($$"""[["n",{{first}}],["s",{{second}}]]""");
            var expected = one.Item1.CompareTo(two.Item1) * first;
            if (expected == 0) expected = Compare(one.Item2, two.Item2) * second;
            if (expected == 0) expected = Compare(one.Item3, two.Item3);
            var actual = Key(order, one).CompareTo(Key(order, two));
            Assert.True(Math.Sign(expected) == Math.Sign(actual), $"seed {seed}: {order.Text} of {one} and {two}");
        }

        double Number() => random.Next(2) == 0 ? random.Next(-2, 3) : (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-300, 300));
        string Text() => string.Concat(random.GetItems(["\0", "\u0001", "a", "b", "ä", "\uffee", "😀"], random.Next(1, 4)));
        static int Compare(string left, string right) =>
            Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right));
        static SortKey Key(SortOrder order, (double N, string S, string Id) item) =>
            order.Key(JsonSerializer.SerializeToUtf8Bytes(new { n = item.N, s = item.S }), item.Id);
    }

    [Theory] // order, start, an item with this key
    [InlineData("[]", """["x"]""", "{}", "x")]
    [InlineData("""[["a",1]]""", """[null,"x"]""", "{}", "x")]
    [InlineData("""[["a",1],["b",-1]]""", """[1.0,"\u0062","x"]""", """{"a":1,"b":"b"}""", "x")]
    [InlineData("""[["a",-1]]""", """[true,"😀"]""", """{"a":true}""", "😀")]
    [InlineData("""[["a",1]]""", """[{"b":[1]},"x"]""", """{"a":{"b":[1]}}""", "x")]
    public void AStartIsTheKeyOfAnItem(string order, string start, string item, string id)
    {
        var parsed = Parse(order);
        Assert.True(parsed.TryParseAfter(Encoding.UTF8.GetBytes(start), "after", out var key, out var mistake), mistake);
        Assert.Equal(parsed.Key(Encoding.UTF8.GetBytes(item), id), key);
    }

    [Theory]
    [InlineData("[", "after: this is not JSON")]
    [InlineData("5", "after: a list of 1 key and an id is needed, as many as the order has paths")]
    [InlineData("""["x"]""", "after: a list of 1 key and an id is needed, as many as the order has paths")]
    [InlineData("""[1,2,"x"]""", "after: at most 2 entries are possible")]
    [InlineData("[1,2]", "after[1]: an id is a string, without lone surrogates")]
    [InlineData("""[1,"\ud800"]""", "after[1]: an id is a string, without lone surrogates")]
    public void AMistakeInAStartIsNamed(string start, string expected)
    {
        Assert.False(Parse("""[["a",1]]""").TryParseAfter(Encoding.UTF8.GetBytes(start), "after", out _, out var mistake));
        Assert.Equal(expected, mistake);
    }

    [Theory]
    [InlineData("x", "order: this is not JSON")]
    [InlineData("{}", "order: an order is a list of [path, 1] or [path, -1]")]
    [InlineData("""["a"]""", "order[0]: an order is a list of [path, 1] or [path, -1]")]
    [InlineData("""[["a",1],["b"]]""", "order[1]: an order is a list of [path, 1] or [path, -1]")]
    [InlineData("""[[1,1]]""", "order[0][0]: a path is a string, without lone surrogates")]
    [InlineData("""[["a..b",1]]""", "order[0][0]: a path consists of names with a dot between two of them")]
    [InlineData("""[["a",0]]""", "order[0][1]: 1 or -1 is needed")]
    [InlineData("""[["a","1"]]""", "order[0][1]: 1 or -1 is needed")]
    [InlineData("""[["a",1],["b",1],["c",1],["d",1],["e",1],["f",1],["g",1],["h",1],["i",1]]""", "order: at most 8 entries are possible")]
    [InlineData("""[["a",1],["b",1],["a",-1]]""", "order[2]: this path comes twice")]
    public void AMistakeInAnOrderIsNamed(string order, string expected)
    {
        Assert.False(SortOrder.TryParse(Encoding.UTF8.GetBytes(order), "order", out _, out var mistake));
        Assert.Equal(expected, mistake);
    }

    [Fact]
    public void EqualOrdersHaveTheSameText()
    {
        Assert.Equal("""[["a",1],["b.c",-1]]""", Parse(""" [ ["\u0061", 1.0], ["b.c",-1] ] """).Text);
        Assert.NotEqual(Parse("""[["a",1],["b",1]]""").Text, Parse("""[["b",1],["a",1]]""").Text);
    }

    private static void AssertAscending(SortKey[] keys, string what)
    {
        for (var index = 1; index < keys.Length; index++) Assert.True(keys[index - 1].CompareTo(keys[index]) < 0, $"{what}: entry {index}");
    }

    private static SortOrder Parse(string json)
    {
        Assert.True(SortOrder.TryParse(Encoding.UTF8.GetBytes(json), "order", out var order, out var mistake), mistake);
        return order;
    }
}
