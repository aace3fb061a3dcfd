using System.Globalization;

namespace SharedState.Host.Tests.Conditions;

/// <summary>Random items and conditions over few names and values, so that many conditions match.</summary>
internal sealed class RandomJson(Random random)
{
    private static readonly string[] Names = ["a", "b", "c"];
    private static readonly string[] Paths = ["a", "b", "a.b", "b.a", "a.b.a", "a.a", "c", "a.c", "b.c"];
    private static readonly string[] Scalars = ["0", "1", "2", "-1.5", "\"\"", "\"a\"", "\"b\"", "\"ab\"", "\"ä\"", "true", "false", "null"];

    /// <summary>Whether lists have no lists in them, and under names other than c only objects; and the rest that SiftTests says.</summary>
    public bool IsPlain { get; init; }

    public string Pick(params ReadOnlySpan<string> choices) => choices[random.Next(choices.Length)];

    public string Item() => Object(3, "\"id\":\"x\",");

    public string Value(string name, int depth) => random.Next(depth > 0 ? 10 : 6) switch
    {
        < 6 => Pick(Scalars),
        < 8 => $"[{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Element(name, depth - 1)))}]",
        _ => Object(depth - 1, ""),
    };

    private string Element(string name, int depth) => !IsPlain ? Value(name, depth) : name == "c" ? Pick(Scalars) : Object(depth, "");

    private string Object(int depth, string first)
    {
        var members = Names.Where(_ => random.Next(2) == 0).Select(name => $"\"{name}\":{Value(name, Math.Max(depth, 0))}").ToArray();
        return $"{{{(members.Length == 0 ? first.TrimEnd(',') : first)}{string.Join(',', members)}}}";
    }

    public string Condition(int depth)
    {
        var parts = new Dictionary<string, string>();
        for (var count = random.Next(1, 3); count > 0; count--)
        {
            var path = Pick(Paths);
            if (depth == 0 || random.Next(4) > 0) parts[$"\"{path}\""] = random.Next(3) == 0 ? Literal() : Operators(path, depth);
            else parts[Pick("\"$and\"", "\"$or\"", "\"$nor\"")] = $"[{Condition(depth - 1)},{Condition(depth - 1)}]";
        }
        return $"{{{string.Join(',', parts.Select(part => $"{part.Key}:{part.Value}"))}}}";
    }

    private string Operators(string path, int depth)
    {
        var operators = new Dictionary<string, string>();
        for (var count = random.Next(1, 3); count > 0; count--)
        {
            var (name, argument) = Operator(path, depth);
            operators[name] = argument;
        }
        return $"{{{string.Join(',', operators.Select(part => $"\"{part.Key}\":{part.Value}"))}}}";
    }

    private (string Name, string Argument) Operator(string path, int depth) => random.Next(depth > 0 ? 12 : 9) switch
    {
        0 => (Pick("$eq", "$ne"), Literal()),
        1 or 2 => (Pick("$gt", "$gte", "$lt", "$lte"), Pick("0", "1", "-1.5", "\"a\"", "\"\"", "\"ab\"")),
        3 or 4 => (Pick("$in", "$nin"), List()),
        5 => ("$exists", Pick("true", "false")),
        6 => ("$size", random.Next(3).ToString(CultureInfo.InvariantCulture)),
        7 => ("$all", IsPlain ? $"[{Pick(Scalars)}]" : List()),
        8 => ("$regex", Pick("\"a\"", "\"^a\"", "\"b$\"", "\"^$\"", "\"a|ä\"")),
        9 => ("$not", Operators(path, depth - 1)),
        10 => ("$elemMatch", Operators(path, depth - 1)),
        _ when IsPlain && path.EndsWith('c') => ("$elemMatch", Operators(path, depth - 1)),
        _ => ("$elemMatch", Condition(depth - 1)),
    };

    private string List() => $"[{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Literal()))}]";

    private string Literal()
    {
        var literal = Value("c", 1);
        return IsPlain && literal.Contains('{') ? literal.Replace("null", "0", StringComparison.Ordinal) : literal;
    }
}
