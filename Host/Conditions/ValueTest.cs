namespace SharedState.Host.Conditions;

/// <summary>A test of one value: an operator with its argument.</summary>
internal abstract class ValueTest
{
    /// <summary>The JSON of the test, such as <c>{"$gt":5}</c>; tests with the same meaning mostly have the same.</summary>
    public abstract string Text { get; }

    /// <summary>Whether one element of an array is enough; otherwise only the array itself is tested.</summary>
    public virtual bool ReachesElements => true;

    /// <summary>Whether the test holds for a missing field.</summary>
    public virtual bool HoldsForMissing => false;

    /// <summary>What the test costs, in readings of the value.</summary>
    public virtual int Cost => 1;

    public abstract bool Holds(in FieldValue value);
}

/// <summary><c>$eq</c>.</summary>
internal sealed class EqualTest(Literal literal) : ValueTest
{
    public Literal Literal => literal;

    public override string Text => $"{{\"$eq\":{literal.Text}}}";

    public override bool HoldsForMissing => literal.Value.Kind == ValueKind.Null;

    public override bool Holds(in FieldValue value) => literal.Equals(value);
}

/// <summary><c>$in</c>.</summary>
internal sealed class InTest : ValueTest
{
    private readonly HashSet<EqualityKey> _keys;
    private readonly Literal[] _others;

    public InTest(IEnumerable<Literal> literals)
    {
        Literals = [.. literals.DistinctBy(literal => literal.Text).OrderBy(literal => literal.Text, StringComparer.Ordinal)];
        _keys = [.. Literals.Where(literal => literal.IsScalar).Select(literal => new EqualityKey(literal.Value))];
        _others = [.. Literals.Where(literal => !literal.IsScalar)];
    }

    /// <summary>The values, each once.</summary>
    public IReadOnlyList<Literal> Literals { get; }

    public override string Text => $"{{\"$in\":[{string.Join(',', Literals.Select(literal => literal.Text))}]}}";

    public override bool HoldsForMissing => _keys.Contains(new(FieldValue.Null));

    public override int Cost => 1 + _others.Length;

    public override bool Holds(in FieldValue value)
    {
        if (value.Kind is not (ValueKind.Object or ValueKind.Array)) return _keys.Contains(new(value));
        foreach (var literal in _others)
        {
            if (literal.Equals(value)) return true;
        }
        return false;
    }
}

/// <summary><c>$gt $gte $lt $lte</c>, for two numbers or two strings.</summary>
/// <param name="literal">A number or a string.</param>
/// <param name="greater">Whether values that are greater than the literal pass, or those that are less.</param>
/// <param name="orEqual">Whether an equal value passes.</param>
internal sealed class OrderTest(Literal literal, bool greater, bool orEqual) : ValueTest
{
    public override string Text => $"{{\"${(greater ? "gt" : "lt")}{(orEqual ? "e" : "")}\":{literal.Text}}}";

    public override bool Holds(in FieldValue value)
    {
        if (value.Kind != literal.Value.Kind) return false;
        var order = value.Kind == ValueKind.Number
            ? value.Number.CompareTo(literal.Value.Number)
            : value.Bytes.Span.SequenceCompareTo(literal.Value.Bytes.Span);
        return order == 0 ? orEqual : (order > 0) == greater;
    }
}

/// <summary><c>$exists</c>.</summary>
internal sealed class ExistsTest : ValueTest
{
    public override string Text => "{\"$exists\":true}";

    public override bool ReachesElements => false;

    public override bool Holds(in FieldValue value) => true;
}

/// <summary><c>$size</c>.</summary>
internal sealed class SizeTest(double size) : ValueTest
{
    public override string Text => $"{{\"$size\":{NumberText.Of(size)}}}";

    public override bool ReachesElements => false;

    public override bool Holds(in FieldValue value)
    {
        if (value.Kind != ValueKind.Array) return false;
        var count = 0;
        foreach (var _ in new ArrayElements(value.Bytes)) count++;
        return count == size;
    }
}

/// <summary>All of several tests.</summary>
internal sealed class AllTests(IReadOnlyList<ValueTest> tests) : ValueTest
{
    public override string Text => $"[{string.Join(',', tests.Select(test => test.Text).Distinct().Order(StringComparer.Ordinal))}]";

    public override int Cost => tests.Sum(test => test.Cost);

    public override bool Holds(in FieldValue value)
    {
        foreach (var test in tests)
        {
            if (!test.Holds(value)) return false;
        }
        return true;
    }
}

/// <summary>The opposite of a test.</summary>
internal sealed class NotTest(ValueTest test) : ValueTest
{
    public override string Text => $"{{\"$not\":{test.Text}}}";

    public override int Cost => test.Cost;

    public override bool Holds(in FieldValue value) => !test.Holds(value);
}

/// <summary><c>$elemMatch</c> with operators: an element of an array passes a test.</summary>
internal sealed class ElementTest(ValueTest test) : ValueTest
{
    public override string Text => $"{{\"$elemMatch\":{test.Text}}}";

    public override bool ReachesElements => false;

    public override int Cost => 1 + test.Cost;

    public override bool Holds(in FieldValue value)
    {
        if (value.Kind != ValueKind.Array) return false;
        foreach (var element in new ArrayElements(value.Bytes))
        {
            if (test.Holds(element)) return true;
        }
        return false;
    }
}

/// <summary><c>$elemMatch</c> with fields: an object in an array matches a condition.</summary>
internal sealed class ElementConditionTest(Condition condition) : ValueTest
{
    public override string Text => $"{{\"$elemMatch\":{condition.Text}}}";

    public override bool ReachesElements => false;

    public override int Cost => 1 + condition.Cost;

    public override bool Holds(in FieldValue value)
    {
        if (value.Kind != ValueKind.Array) return false;
        foreach (var element in new ArrayElements(value.Bytes))
        {
            if (element.Kind is ValueKind.Object or ValueKind.Array && condition.Matches(element.Bytes)) return true;
        }
        return false;
    }
}
