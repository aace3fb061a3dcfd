using System.Text;
using System.Text.Json;

namespace SharedState.Host.Conditions;

/// <summary>Reads what a condition says about one field: a value, or an object of operators.</summary>
internal sealed class OperatorReader(ConditionReader conditions, ConditionCounts counts, Substitution? substitution)
{
    private static readonly OperatorForm<ValueTest> Element = new(test => test, tests => new AllTests(tests), test => new NotTest(test));

    private static readonly string[] Known =
    [
        "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$size", "$all", "$elemMatch", "$regex", "$options", "$not",
    ];

    /// <summary>What to say of an operator that does not combine conditions.</summary>
    public static string WrongPlace(string name) => Known.Contains(name)
        ? "this operator belongs to a field, as in {\"field\":{\"$gt\":1}}"
        : "this server has no such operator";

    /// <summary>Reads the value or the operators of a field.</summary>
    /// <param name="json">The value of the field in the condition.</param>
    /// <param name="place">Its place.</param>
    /// <param name="level">How many objects are around it.</param>
    /// <param name="form">What becomes of it.</param>
    public T Read<T>(JsonElement json, string place, int level, OperatorForm<T> form) =>
        ConditionMembers.HasOperator(json)
            ? Operators(json, place, level + 1, form)
            : form.Test(new EqualTest(Value(json, place, level)));

    private T Operators<T>(JsonElement json, string place, int level, OperatorForm<T> form)
    {
        ConditionCounts.CheckLevel(place, level);
        var members = ConditionMembers.Of(json, place).ToList();
        var options = members.Find(member => member.Name == "$options");
        var parts = new List<T>();
        foreach (var (name, value, at) in members)
        {
            if (!name.StartsWith('$')) throw new ConditionMistake(at, "an object has operators or fields, not both");
            counts.AddOperator(at);
            if (name != "$options") parts.Add(Operator(name, value, options.Value, at, level, form));
            else if (!members.Exists(member => member.Name == "$regex")) throw new ConditionMistake(at, "this belongs to a \"$regex\"");
        }
        return parts.Count == 1 ? parts[0] : form.All(parts);
    }

    private T Operator<T>(string name, JsonElement json, JsonElement options, string place, int level, OperatorForm<T> form)
    {
        switch (name)
        {
            case "$eq": return form.Test(new EqualTest(Value(json, place, level)));
            case "$ne": return form.Not(form.Test(new EqualTest(Value(json, place, level))));
            case "$gt": return form.Test(Order(json, place, greater: true, orEqual: false));
            case "$gte": return form.Test(Order(json, place, greater: true, orEqual: true));
            case "$lt": return form.Test(Order(json, place, greater: false, orEqual: false));
            case "$lte": return form.Test(Order(json, place, greater: false, orEqual: true));
            case "$in": return form.Test(In(json, place, level));
            case "$nin": return form.Not(form.Test(In(json, place, level)));
            case "$exists": return Exists(json, place, form);
            case "$size": return form.Test(Size(json, place));
            case "$all": return All(json, place, level, form);
            case "$elemMatch": return form.Test(ElementMatch(json, place, level));
            case "$regex": return form.Test(Pattern(json, options, place));
            case "$not":
                if (!ConditionMembers.HasOperator(json))
                    throw new ConditionMistake(place, "an object of operators is needed");
                return form.Not(Operators(json, place, level + 1, form));
            case "$and" or "$or" or "$nor":
                throw new ConditionMistake(place, "this operator combines conditions, as in {\"$or\":[{\"field\":1},{\"other\":2}]}");
            default:
                throw new ConditionMistake(place, "this server has no such operator");
        }
    }

    /// <summary>A value to compare with, of any type.</summary>
    private Literal Value(JsonElement json, string place, int level)
    {
        if (json.ValueKind == JsonValueKind.Object)
        {
            ConditionCounts.CheckLevel(place, level + 1);
            var members = ConditionMembers.Of(json, place)
                .Select(member => (Encoding.UTF8.GetBytes(member.Name), Value(member.Value, member.Place, level + 1)))
                .ToList();
            if (members.Count == 0) counts.AddValue(place);
            return Literal.OfMembers(members);
        }
        if (json.ValueKind == JsonValueKind.Array && json.GetArrayLength() > 0)
            return Literal.OfElements(json.EnumerateArray().Select((element, index) => Value(element, $"{place}[{index}]", level)));
        counts.AddValue(place);
        return Scalar(json);
    }

    private OrderTest Order(JsonElement json, string place, bool greater, bool orEqual)
    {
        counts.AddValue(place);
        var literal = Scalar(json);
        if (literal.Value.Kind is not (ValueKind.Number or ValueKind.String))
            throw new ConditionMistake(place, "a number or a string is needed");
        return new(literal, greater, orEqual);
    }

    private InTest In(JsonElement json, string place, int level) => new(List(json, place, level));

    /// <summary>The values of a list of values, which are no operators.</summary>
    private List<Literal> List(JsonElement json, string place, int level)
    {
        var list = Argument(json, Substitution.AnyList);
        if (list.ValueKind != JsonValueKind.Array) throw new ConditionMistake(place, "a list of values is needed");
        var substituted = json.ValueKind == JsonValueKind.String;
        var literals = new List<Literal>();
        foreach (var element in list.EnumerateArray())
        {
            if (substituted) counts.AddClaimed();
            literals.Add(substituted ? Literal.Of(element) : ListValue(element, $"{place}[{literals.Count}]", level));
        }
        return literals;
    }

    private Literal ListValue(JsonElement json, string place, int level) =>
        ConditionMembers.HasOperator(json)
            ? throw new ConditionMistake(place, "a value is needed, not an operator")
            : Value(json, place, level);

    private T Exists<T>(JsonElement json, string place, OperatorForm<T> form)
    {
        var exists = form.Test(new ExistsTest());
        return Argument(json, Substitution.AnyBoolean).ValueKind switch
        {
            JsonValueKind.True => exists,
            JsonValueKind.False => form.Not(exists),
            _ => throw new ConditionMistake(place, "true or false is needed"),
        };
    }

    private SizeTest Size(JsonElement json, string place)
    {
        var argument = Argument(json, Substitution.AnyNumber);
        var size = argument.ValueKind == JsonValueKind.Number ? Literal.Of(argument).Value.Number : -1;
        if (size < 0 || size > int.MaxValue || size != Math.Floor(size)) throw new ConditionMistake(place, "a whole number from 0 is needed");
        return new(size);
    }

    private T All<T>(JsonElement json, string place, int level, OperatorForm<T> form)
    {
        var isList = json.ValueKind == JsonValueKind.Array;
        var first = isList && json.GetArrayLength() > 0 ? json[0] : default;
        if (!ConditionMembers.HasOperator(first))
        {
            var tests = List(json, place, level).ConvertAll(literal => form.Test(new EqualTest(literal)));
            return tests.Count switch { 0 => form.Test(new InTest([])), 1 => tests[0], _ => form.All(tests) };
        }
        var matches = new List<T>();
        foreach (var element in json.EnumerateArray())
        {
            var at = $"{place}[{matches.Count}]";
            if (!ConditionMembers.HasOperator(element))
                throw new ConditionMistake(at, "either all or none of the list are \"$elemMatch\"");
            ConditionCounts.CheckLevel(at, level + 1);
            foreach (var (name, value, inner) in ConditionMembers.Of(element, at))
            {
                if (name != "$elemMatch") throw new ConditionMistake(inner, "only \"$elemMatch\" is possible here");
                counts.AddOperator(inner);
                matches.Add(form.Test(ElementMatch(value, inner, level + 1)));
            }
        }
        return matches.Count == 1 ? matches[0] : form.All(matches);
    }

    private ValueTest ElementMatch(JsonElement json, string place, int level)
    {
        if (json.ValueKind != JsonValueKind.Object) throw new ConditionMistake(place, "an object is needed");
        return ConditionMembers.HasFieldOperator(json)
            ? new ElementTest(Operators(json, place, level + 1, Element))
            : new ElementConditionTest(conditions.Inner(json, place, level + 1));
    }

    private PatternTest Pattern(JsonElement json, JsonElement options, string place)
    {
        var text = ListReader.Text(json) ?? throw new ConditionMistake(place, "a string is needed, without lone surrogates");
        var option = options.ValueKind == JsonValueKind.Undefined ? "" : ListReader.Text(options);
        if (option is not ("" or "i"))
            throw new ConditionMistake($"{place[..place.LastIndexOf('$')]}$options", "the only option is \"i\"");
        var ignoreCase = option == "i";
        if (substitution is not null) text = substitution.Pattern(text);
        var pattern = Patterns.Pattern.Parse(text, ignoreCase, out var wrong) ?? throw new ConditionMistake(place, wrong!);
        counts.AddPattern(place, pattern);
        return new(pattern, text, ignoreCase);
    }

    private JsonElement Argument(JsonElement json, JsonElement any) =>
        substitution is not null && ListReader.Text(json) is { } text ? substitution.Argument(text, json, any) : json;

    private Literal Scalar(JsonElement json) =>
        substitution is not null && ListReader.Text(json) is { } text ? substitution.Value(text) : Literal.Of(json);
}
