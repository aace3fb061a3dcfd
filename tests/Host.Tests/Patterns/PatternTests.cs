using System.Text;
using System.Text.RegularExpressions;
using SharedState.Host.Patterns;

namespace SharedState.Host.Tests.Patterns;

/// <summary>Regular expressions: what they match, what is refused, and what they cost.</summary>
public sealed class PatternTests
{
    private const string Refused = "because matching takes linear time";

    [Theory] // expression, texts that match, texts that do not
    [InlineData("", "|a", null)]
    [InlineData("a", "a|xax", "|b|A")]
    [InlineData("^a$", "a|a\n", "aa|ba|a\n\n|\na")]
    [InlineData(@"\Aa\z", "a", "a\n|ba")]
    [InlineData(@"a\Z", "a|ba\n", "a\nb")]
    [InlineData("a.c", "abc|a.c|aäc|a😀c", "ac|a\nc|abbc")]
    [InlineData("ab*c", "ac|abc|abbbc", "adc")]
    [InlineData("ab+c", "abc|abbbc", "ac")]
    [InlineData("ab?c", "ac|abc", "abbc")]
    [InlineData("^a{3}$", "aaa", "aa|aaaa")]
    [InlineData("^a{2,}$", "aa|aaaaa", "a")]
    [InlineData("^a{1,3}?$", "a|aa|aaa", "|aaaa")]
    [InlineData("^(?:ab|cd)+$", "ab|abcdab", "abc|")]
    [InlineData("^(?<first>a)(?P<second>b)$", "ab", "a")]
    [InlineData("^(a|b|)c", "ac|bc|c", "dc")]
    [InlineData("a{|a{x}|a{,2}", "a{|a{x}|a{,2}", "a")]
    [InlineData("^[a-c]$", "a|b|c", "d|-|A")]
    [InlineData("^[^a-c]$", "d|-|\n|😀", "a|")]
    [InlineData("^[]a]$|^[^]a]$", "]|a|b", null)]
    [InlineData(@"^[\]\-\\^]$", "]|-|\\|^", "a")]
    [InlineData("^[a-]$|^[-b]$", "a|b|-", "c")]
    [InlineData(@"^[\d\-x]+$", "1-x|9", "a|")]
    [InlineData(@"^\d+\s\w+\D\S\W$", "12 a_1xy-", "1a")]
    [InlineData(@"^\w$", "a|Z|5|_", "ä|-|é")]
    [InlineData(@"\bcat\b", "cat|a cat.|cat\n", "cats|_cat|concat")]
    [InlineData(@"\Bcat", "concat", "cat|a cat")]
    [InlineData(@"^\p{L}\p{Lu}\P{L}\pN$", "äÄ-5", "1Ä-5|ää-5")]
    [InlineData(@"^[\p{Nd}_]+$", "५_5", "a")]
    [InlineData(@"^\x41\u0042\x{1F600}\ud83d\ude00$", "AB😀😀", "AB😀")]
    [InlineData(@"^\t\n\r\f\v\e\.\*\/\-\ $", "\t\n\r\f\v\u001b.*/- ", "t")]
    [InlineData(@"^[\b]$", "\b", "b")]
    [InlineData("(?i)ÄB", "äb|Äb", "a")]
    [InlineData("(a*)*b|(a|)+c", "aab|b|c|aac", "a")]
    [InlineData("^(^a|b$)*$", "|a|b|ab", "aa|ba")]
    [InlineData("x{0}y", "y|xy", "x")]
    [InlineData("(){300}a", "a", "b")]
    public void APatternMatchesATextOrNot(string expression, string texts, string? others)
    {
        foreach (var text in texts.Split('|')) Assert.True(IsMatch(expression, text), $"{expression} matches {text}");
        foreach (var text in others?.Split('|') ?? []) Assert.False(IsMatch(expression, text), $"{expression} does not match {text}");
    }

    [Theory]
    [InlineData("a", "A")]
    [InlineData("[a-c]", "B")]
    [InlineData("[A-C]", "b")]
    [InlineData("ä", "Ä")]
    [InlineData("Σ", "σ")]
    [InlineData("straße", "STRAßE")]
    [InlineData("ς", "Σ")]
    [InlineData("[ς]", "σ")]
    [InlineData("[h-m]", "\u212a")] // the sign of Kelvin
    public void TheCaseOfLettersDoesNotMatter(string expression, string text)
    {
        Assert.True(IsMatch(expression, text, ignoreCase: true));
        Assert.False(IsMatch(expression, text));
        Assert.False(IsMatch($"^[^{expression}]+$", text, ignoreCase: true));
    }

    [Theory] // in a set as well as alone
    [InlineData(@"\d\w", "\u212a")]
    [InlineData(@"\p{Lu}", "ä")]
    [InlineData(@"\P{L}", "Ä")]
    public void TheCaseMattersInEscapedSets(string sets, string text)
    {
        Assert.False(IsMatch($"(?i)[{sets}]", text));
        Assert.True(IsMatch($"(?i)[^{sets}]", text));
    }

    [Theory] // the same ways with and without a boundary, and at the end
    [InlineData(@"(a\b|ab)+c", "abc|abababc", "ac|aac")]
    [InlineData(@"(a| |\b)*z$", "a a az|z\n", "a a a")]
    [InlineData(@"^(\Ba|\b-|a\b)+$", "a|a-a", "aa-|--")]
    public void PlacesDependOnBothSidesOfThem(string expression, string texts, string others)
    {
        foreach (var text in texts.Split('|')) Assert.True(IsMatch(expression, text), $"{expression} matches {text}");
        foreach (var text in others.Split('|')) Assert.False(IsMatch(expression, text), $"{expression} does not match {text}");
    }

    [Theory]
    [InlineData("(", "a \"(\" without a \")\", at character 2")]
    [InlineData("a)", "a \")\" without a \"(\", at character 2")]
    [InlineData("[a", "a \"[\" without a \"]\", at character 2")]
    [InlineData("[", "a \"[\" without a \"]\", at character 1")]
    [InlineData("*", "there is nothing to repeat, at character 1")]
    [InlineData("a|+", "there is nothing to repeat, at character 3")]
    [InlineData("({2})", "there is nothing to repeat, at character 2")]
    [InlineData("a**", "a quantifier follows a quantifier, at character 3")]
    [InlineData("a+{2}", "a quantifier follows a quantifier, at character 3")]
    [InlineData("^*", "a place cannot be repeated, at character 3")]
    [InlineData("a{3,2}", "the least number of repetitions is over the greatest one, at character 7")]
    [InlineData("a{301}", "at most 300 repetitions are possible")]
    [InlineData("a{1,999999999999}", "at most 300 repetitions are possible")]
    [InlineData("[b-a]", "the ends of a range are in the wrong order, at character 4")]
    [InlineData(@"[a-\d]", "a range ends with a character, at character 5")]
    [InlineData("[[:alpha:]]", @"sets inside of sets are not supported; a bracket is \[, at character 2")]
    [InlineData("[a-z-[b]]", @"sets inside of sets are not supported; a bracket is \[, at character 6")]
    [InlineData(@"\", "a backslash escapes nothing, at character 1")]
    [InlineData(@"\y", "this escape is not supported, at character 2")]
    [InlineData(@"\x4", "a number in hexadecimal is needed, at character 2")]
    [InlineData(@"\u{110000}", "a number in hexadecimal is needed, at character 2")]
    [InlineData(@"\pX", @"only general categories such as \p{L} or \p{Lu} are supported, at character 2")]
    [InlineData(@"\p{Greek}", @"only general categories such as \p{L} or \p{Lu} are supported, at character 2")]
    [InlineData(@"\p{", @"a category such as \p{L} or \p{Lu} is needed, at character 2")]
    [InlineData("(?<a-b>x)", "a name of a group has letters and digits, and ends with \">\", at character 5")]
    [InlineData("(?m)a", "this kind of group is not supported; options stand in \"$options\", or as (?i) at the start, at character 3")]
    [InlineData(@"(a)\1", $"a reference to a group is not supported, {Refused}, at character 6")]
    [InlineData("a(?=b)", $"lookaround is not supported, {Refused}, at character 4")]
    [InlineData("(?<!a)b", $"lookaround is not supported, {Refused}, at character 3")]
    [InlineData("(?>a)", $"an atomic group is not supported, {Refused}, at character 3")]
    [InlineData("(?(a)b)", $"a condition is not supported, {Refused}, at character 3")]
    [InlineData("a++", $"a possessive quantifier is not supported, {Refused}, at character 3")]
    [InlineData("(*FAIL)", $"a verb is not supported, {Refused}, at character 2")]
    public void AMistakeIsNamedWithItsPlace(string expression, string expected)
    {
        Assert.Null(Pattern.Parse(expression, ignoreCase: false, out var mistake));
        Assert.Equal(expected, mistake);
    }

    [Fact]
    public void ThePatternsAgreeWithThoseOfDotNet()
    {
        var seed = Environment.GetEnvironmentVariable("SHAREDSTATE_SEED") is { } set ? int.Parse(set) : Random.Shared.Next();
        var random = new Random(seed);
        for (var round = 0; round < 1500; round++)
        {
            var expression = RandomExpression(random, 3);
            var ignoreCase = random.Next(3) == 0;
            var pattern = Pattern.Parse(expression, ignoreCase, out var mistake);
            Assert.True(pattern is not null, $"seed {seed}: {expression}: {mistake}");
            var options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;
            var regex = new Regex(expression, options | (ignoreCase ? RegexOptions.IgnoreCase : RegexOptions.None));
            for (var count = 0; count < 20; count++)
            {
                var text = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => "abABx1_ \n"[random.Next(9)]));
                var matches = pattern.IsMatch(Encoding.UTF8.GetBytes(text));
                Assert.True(regex.IsMatch(text) == matches, $"seed {seed}: {expression} {ignoreCase} on {text}: {matches}");
            }
        }
    }

    [Theory] // usual expressions that ruin other engines
    [InlineData("(a+)+$")]
    [InlineData("^(a|a)*$")]
    [InlineData("(x+x+)+y")]
    [InlineData("(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)x")]
    [InlineData("(a?){90}a{90}")]
    [InlineData("((a*)*)*b")]
    [InlineData(".*a.{200}x")]
    [InlineData("(a|b)*a(a|b){70}c")]
    [InlineData("(a{1,12}){1,12}b")]
    [InlineData("((a?b?c?){12}){4}z")]
    [InlineData("(a*){98}b")]
    [InlineData("([ab]*[bc]*[cd]*){30}z")]
    [InlineData(@"(\w|\d|\p{L}|[^a]|[^b]){20}z")]
    public void AHostilePatternTakesTimeThatIsLinearInTheTextAndNoMemory(string expression)
    {
        var pattern = Pattern.Parse(expression, ignoreCase: true, out var mistake);
        Assert.True(pattern is not null, mistake);
        foreach (var letters in new[] { "a", "ab", "abcdxyz", "äöü😀", "x" })
        {
            byte[] text = Text(letters, 1 << 9), longer = Text(letters, 1 << 12);
            Assert.Equal(0, Spent.Bytes(() => pattern.IsMatch(text)));

            // Eight times the text: not much more than eight times the time, with a margin for what else the process does.
            TimeSpan few = Spent.Time(() => pattern.IsMatch(text)), many = Spent.Time(() => pattern.IsMatch(longer));
            Assert.True(many < (few * 40) + TimeSpan.FromMilliseconds(100), $"{expression} on {letters}: {few} and {many}");
        }
    }

    private static byte[] Text(string letters, int length)
    {
        var random = new Random(1);
        var runes = letters.EnumerateRunes().ToArray();
        return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, length).Select(_ => runes[random.Next(runes.Length)])));
    }

    private static bool IsMatch(string expression, string text, bool ignoreCase = false)
    {
        var pattern = Pattern.Parse(expression, ignoreCase, out var mistake);
        Assert.True(pattern is not null, $"{expression}: {mistake}");
        return pattern.IsMatch(Encoding.UTF8.GetBytes(text));
    }

    private static string RandomExpression(Random random, int depth) => random.Next(depth > 0 ? 12 : 6) switch
    {
        0 or 1 => "abAx1_ "[random.Next(7)].ToString(),
        2 => new[] { ".", @"\d", @"\w", @"\s", @"\D", @"\W", @"\S", @"\n" }[random.Next(8)],
        3 => new[] { "[ab]", "[^a]", "[a-c1]", @"[^\w]", @"[\s_-]", "[A-B]" }[random.Next(6)],
        4 => new[] { "^", "$", @"\b", @"\B", @"\A", @"\z", @"\Z" }[random.Next(7)],
        5 => "",
        6 or 7 => RandomExpression(random, depth - 1) + RandomExpression(random, depth - 1),
        8 => $"(?:{RandomExpression(random, depth - 1)}|{RandomExpression(random, depth - 1)})",
        9 => $"({RandomExpression(random, depth - 1)})",
        _ => $"(?:{RandomExpression(random, depth - 1)})" + new[] { "*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "+?" }[random.Next(8)],
    };
}
