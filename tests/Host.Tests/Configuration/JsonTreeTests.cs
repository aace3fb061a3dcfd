using System.Diagnostics;
using System.Text;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Tests.Configuration;

/// <summary>
/// Reading JSON costs as much as the text is long, whatever the text holds. A cost that grows with the square of the length would make the
/// longer text of each pair 64 times as expensive as the shorter one.
/// </summary>
[Collection(Engine.Alone.Name)]
public sealed class JsonTreeTests
{
    private const int Few = 5_000, Many = 8 * Few;

    [Theory]
    [InlineData(",")]
    [InlineData(",\n")]
    public void PlacesOfElementsCostNoMoreInALongFile(string comma) =>
        AssertLinear(count => $"[{string.Join(comma, Enumerable.Repeat("123456", count))}]");

    [Fact]
    public void FieldsCostNoMoreInALargeObject() =>
        AssertLinear(count => $"{{{string.Join(',', Enumerable.Range(0, count).Select(name => $"\"name{name}\":1"))}}}");

    [Fact]
    public void ALongNameIsNotRepeatedForEachValueBelowIt()
    {
        var text = $$"""{"{{new string('x', 30_000)}}": [{{string.Join(',', Enumerable.Repeat("1", 10_000))}}]}""";
        var before = GC.GetAllocatedBytesForCurrentThread();
        var root = Read(text);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 10 << 20);
        Assert.EndsWith("\u2026[9999]", root.Fields[0].Value.Items[^1].Path, StringComparison.Ordinal);
    }

    [Fact]
    public void PlacesAreThoseOfTheText()
    {
        var root = Read("{\"ä\": 1, \"b\": [\n  22,\"€😀\", /* \n */ {\"c\": null}],\n\n \"d\": true}");
        var (b, d) = (root.Fields[1], root.Fields[2]);
        Assert.Equal([new(1, 10), new(1, 15)], new[] { b.Place, b.Value.Place });
        Assert.Equal([new(2, 3), new(2, 6), new(3, 5)], b.Value.Items.Select(item => item.Place));
        Assert.Equal("b[2].c", b.Value.Items[2].Fields[0].Value.Path);
        Assert.Equal([new(5, 2), new(5, 7)], new[] { d.Place, d.Value.Place });
    }

    private static void AssertLinear(Func<int, string> text)
    {
        var (few, many) = (text(Few), text(Many));
        Read(few);
        Assert.InRange(Cost(many) / Cost(few), 0, 32);
    }

    /// <summary>The least of several times: the machine may do something else meanwhile.</summary>
    private static double Cost(string text) => Enumerable.Range(0, 5).Min(_ =>
    {
        var begin = Stopwatch.GetTimestamp();
        Read(text);
        return Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
    });

    private static JsonNode Read(string text) => JsonTree.Read(Encoding.UTF8.GetBytes(text), (_, _, sentence) => Assert.Fail(sentence))!;
}
