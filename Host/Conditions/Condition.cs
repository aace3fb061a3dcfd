namespace SharedState.Host.Conditions;

/// <summary>
/// A condition on a JSON document in MongoDB's query language, as far as docs/CONDITIONS.md describes it. Reads the document's bytes
/// without building objects. Usable by several threads.
/// </summary>
internal sealed class Condition
{
    private Reading? _reading; // made at the first use, and kept for the next one

    /// <param name="root">The expression, whose paths have these numbers.</param>
    /// <param name="paths">The paths.</param>
    /// <param name="size">The number of its operators, fields and values.</param>
    public Condition(Expression root, IReadOnlyList<FieldPath> paths, int size)
    {
        (Root, Paths, Size, Text) = (root, paths, size, root.Text);
        Cost = 1 + root.Cost + paths.Sum(path => path.Names.Count);
        Equalities = [.. (root is AndExpression and ? and.Parts : [root]).Select(EqualityOf).OfType<Equality>()];
        IsEquality = Equalities.Count == 1 && EqualityOf(root) is not null;
    }

    /// <summary>Holds for each document.</summary>
    public static Condition Always { get; } = new(new AndExpression([]), [], size: 0);

    /// <summary>Holds for no document.</summary>
    public static Condition Never { get; } = new(new NotExpression(new AndExpression([])), [], size: 0);

    public Expression Root { get; }

    /// <summary>The paths that the condition reads, each once.</summary>
    public IReadOnlyList<FieldPath> Paths { get; }

    /// <summary>The number of operators, fields and values, each of which takes some hundred bytes of memory.</summary>
    public int Size { get; }

    /// <summary>What an evaluation costs at worst, in readings of the item.</summary>
    public int Cost { get; }

    /// <summary>The condition as a text that is the same for conditions that differ only in the order of keys, of the parts of
    /// <c>$and</c>, <c>$or</c>, <c>$nor</c> and <c>$in</c>, and in parts that come twice.</summary>
    public string Text { get; }

    /// <summary>The fields that must have one of some strings, numbers, booleans or null: parts that all have to hold. Each item that
    /// matches has one of these keys among <see cref="ItemFields.KeysAt"/>.</summary>
    public IReadOnlyList<Equality> Equalities { get; }

    /// <summary>Whether the condition is a single equality: each item with one of the keys of <see cref="Equalities"/> matches.</summary>
    public bool IsEquality { get; }

    /// <summary>Reads a condition. Never throws.</summary>
    /// <param name="json">The condition in UTF-8.</param>
    /// <param name="name">The name of the condition in mistakes, such as <c>filter</c>.</param>
    /// <param name="condition">Gets the condition; one that never holds, if there is a mistake.</param>
    /// <param name="mistake">Gets the first mistake, with its place: <c>filter.a.$in[3]: ..</c>.</param>
    public static bool TryParse(ReadOnlyMemory<byte> json, string name, out Condition condition, out string? mistake)
    {
        var parsed = ConditionReader.Read(json, name, substitution: null, out mistake);
        condition = parsed ?? Never;
        return parsed is not null;
    }

    /// <summary>The condition that holds if one of several holds; of none, it never holds.</summary>
    public static Condition Any(IReadOnlyList<Condition> conditions)
    {
        if (conditions.Count < 2) return conditions.Count == 0 ? Never : conditions[0];
        var paths = conditions.SelectMany(condition => condition.Paths).Distinct().ToList();
        var parts = conditions.Select(condition => condition.Root.Renumbered([.. condition.Paths.Select(path => paths.IndexOf(path))]));
        return new(new OrExpression(parts), paths, conditions.Sum(condition => condition.Size));
    }

    /// <summary>Whether a document matches.</summary>
    /// <param name="document">Valid JSON.</param>
    public bool Matches(ReadOnlyMemory<byte> document)
    {
        var reading = Interlocked.Exchange(ref _reading, null) ?? new(this);
        var matches = reading.Matches(document);
        Volatile.Write(ref _reading, reading);
        return matches;
    }

    private static Equality? EqualityOf(Expression part) => part switch
    {
        FieldExpression { Test: EqualTest { Literal.IsScalar: true } test } field => new(field.Path, [new(test.Literal.Value)]),
        FieldExpression { Test: InTest test } field when test.Literals.All(literal => literal.IsScalar) =>
            new(field.Path, [.. test.Literals.Select(literal => new EqualityKey(literal.Value))]),
        _ => null,
    };

    /// <summary>Reads the fields of this condition alone.</summary>
    private sealed class Reading
    {
        private readonly BoundCondition _bound;
        private readonly ItemFields _fields;

        public Reading(Condition condition)
        {
            var set = new FieldSet();
            _bound = set.Add(condition);
            _fields = new(set);
        }

        public bool Matches(ReadOnlyMemory<byte> document)
        {
            _fields.Read(document);
            var matches = _bound.Matches(_fields);
            _fields.Clear();
            return matches;
        }
    }
}
