namespace SharedState.Host.Conditions;

/// <summary>A part of a condition that holds for an item or does not.</summary>
internal abstract class Expression
{
    /// <summary>The JSON of the part. It does not depend on the order of keys and of parts.</summary>
    public abstract string Text { get; }

    /// <summary>What the part costs, in readings of the item.</summary>
    public abstract int Cost { get; }

    /// <summary>Whether the part holds.</summary>
    /// <param name="item">The fields of the item.</param>
    /// <param name="fields">The field of each of the condition's paths.</param>
    public abstract bool Matches(ItemFields item, Field[] fields);

    /// <summary>The same expression in a condition that numbers the paths differently.</summary>
    /// <param name="numbers">The new number of each path, by its present one.</param>
    public abstract Expression Renumbered(int[] numbers);

    protected static Expression[] Sorted(IEnumerable<Expression> parts) =>
        [.. parts.DistinctBy(part => part.Text).OrderBy(part => part.Text, StringComparer.Ordinal)];

    protected static string Join(Expression[] parts) => string.Join(',', parts.Select(part => part.Text));
}

/// <summary>A test of the values of a field.</summary>
/// <param name="path">The path.</param>
/// <param name="number">The number of the path in its condition.</param>
/// <param name="test">The test, which one value must pass.</param>
internal sealed class FieldExpression(FieldPath path, int number, ValueTest test) : Expression
{
    private readonly bool _holdsForMissing = test.HoldsForMissing, _reachesElements = test.ReachesElements;

    public FieldPath Path => path;

    public ValueTest Test => test;

    public override string Text { get; } = $"{{{Json.JsonText.Quote(path.Text)}:{test.Text}}}";

    public override int Cost => test.Cost;

    public override bool Matches(ItemFields item, Field[] fields)
    {
        var field = fields[number];
        foreach (ref readonly var reached in item.ValuesAt(field))
        {
            if ((_reachesElements || !reached.IsElement) && test.Holds(reached.Value)) return true;
        }
        return _holdsForMissing && item.IsMissing(field);
    }

    public override Expression Renumbered(int[] numbers) => new FieldExpression(path, numbers[number], test);
}

/// <summary>All of several parts; of none, it always holds.</summary>
internal sealed class AndExpression : Expression
{
    public AndExpression(IEnumerable<Expression> parts)
    {
        Parts = Sorted(parts.SelectMany(part => part is AndExpression and ? and.Parts : [part]));
        Text = Parts.Length switch { 0 => "{}", 1 => Parts[0].Text, _ => $"{{\"$and\":[{Join(Parts)}]}}" };
    }

    public Expression[] Parts { get; }

    public override string Text { get; }

    public override int Cost => Parts.Sum(part => part.Cost);

    public override bool Matches(ItemFields item, Field[] fields)
    {
        foreach (var part in Parts)
        {
            if (!part.Matches(item, fields)) return false;
        }
        return true;
    }

    public override Expression Renumbered(int[] numbers) => new AndExpression(Parts.Select(part => part.Renumbered(numbers)));
}

/// <summary>One of several parts.</summary>
internal sealed class OrExpression : Expression
{
    private readonly Expression[] _parts;

    public OrExpression(IEnumerable<Expression> parts)
    {
        _parts = Sorted(parts.SelectMany(part => part is OrExpression or ? or._parts : [part]));
        Text = _parts.Length == 1 ? _parts[0].Text : $"{{\"$or\":[{Join(_parts)}]}}";
    }

    public override string Text { get; }

    public override int Cost => _parts.Sum(part => part.Cost);

    public override bool Matches(ItemFields item, Field[] fields)
    {
        foreach (var part in _parts)
        {
            if (part.Matches(item, fields)) return true;
        }
        return false;
    }

    public override Expression Renumbered(int[] numbers) => new OrExpression(_parts.Select(part => part.Renumbered(numbers)));
}

/// <summary>The opposite of a part.</summary>
internal sealed class NotExpression(Expression part) : Expression
{
    public override string Text { get; } = $"{{\"$nor\":[{part.Text}]}}";

    public override int Cost => part.Cost;

    public override bool Matches(ItemFields item, Field[] fields) => !part.Matches(item, fields);

    public override Expression Renumbered(int[] numbers) => new NotExpression(part.Renumbered(numbers));
}
