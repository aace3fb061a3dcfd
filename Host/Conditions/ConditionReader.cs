using System.Text.Json;

namespace SharedState.Host.Conditions;

/// <summary>Reads one condition from its JSON: the fields and what combines them.</summary>
/// <param name="substitution">Replaces names in strings; null if strings are what they are.</param>
internal sealed class ConditionReader(Substitution? substitution = null)
{
    private const int MostNesting = 64; // lists included: that of a message outside its items

    private readonly Dictionary<FieldPath, int> _paths = [];
    private readonly ConditionCounts _counts = new();

    private ConditionReader(Substitution? substitution, ConditionCounts counts) : this(substitution) => _counts = counts;

    /// <summary>Reads a condition; null if there is a mistake.</summary>
    public static Condition? Read(ReadOnlyMemory<byte> json, string name, Substitution? substitution, out string? mistake)
    {
        mistake = null;
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MostNesting });
            return new ConditionReader(substitution).Condition(document.RootElement, name, level: 1);
        }
        catch (ConditionMistake found)
        {
            mistake = found.Message;
        }
        catch (JsonException)
        {
            mistake = $"{name}: this is not JSON, or nested deeper than {MostNesting} levels";
        }
        return null;
    }

    /// <summary>A condition of its own, on the objects of an array.</summary>
    public Condition Inner(JsonElement json, string place, int level) =>
        new ConditionReader(substitution, _counts).Condition(json, place, level);

    private Condition Condition(JsonElement json, string place, int level)
    {
        var root = new AndExpression(Parts(json, place, level));
        return new(root.Parts.Length == 1 ? root.Parts[0] : root, [.. _paths.Keys], _counts.All);
    }

    private List<Expression> Parts(JsonElement json, string place, int level)
    {
        if (json.ValueKind != JsonValueKind.Object) throw new ConditionMistake(place, "a condition is an object");
        ConditionCounts.CheckLevel(place, level);
        var parts = new List<Expression>();
        foreach (var (name, value, at) in ConditionMembers.Of(json, place))
        {
            _counts.AddOperator(at);
            parts.Add(name.StartsWith('$') ? Combination(name, value, at, level) : Field(name, value, at, level));
        }
        return parts;
    }

    private Expression Combination(string name, JsonElement json, string place, int level)
    {
        if (name is not ("$and" or "$or" or "$nor")) throw new ConditionMistake(place, OperatorReader.WrongPlace(name));
        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() == 0)
            throw new ConditionMistake(place, "a list of at least one condition is needed");
        var parts = new List<Expression>();
        foreach (var part in json.EnumerateArray()) parts.Add(new AndExpression(Parts(part, $"{place}[{parts.Count}]", level + 1)));
        return name switch
        {
            "$and" => new AndExpression(parts),
            "$or" => parts.Count == 1 ? parts[0] : new OrExpression(parts),
            _ => new NotExpression(new OrExpression(parts)),
        };
    }

    private Expression Field(string name, JsonElement json, string place, int level)
    {
        if (FieldPath.Read(name, out var path) is { } wrong) throw new ConditionMistake(place, wrong);
        if (!_paths.TryGetValue(path, out var number)) _paths.Add(path, number = _paths.Count);
        var form = new OperatorForm<Expression>(
            test => new FieldExpression(path, number, test), parts => new AndExpression(parts), part => new NotExpression(part));
        return new OperatorReader(this, _counts, substitution).Read(json, place, level, form);
    }
}
