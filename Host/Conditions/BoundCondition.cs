namespace SharedState.Host.Conditions;

/// <summary>A condition that reads its fields from a <see cref="FieldSet"/>, together with others.</summary>
internal sealed class BoundCondition(Condition condition, Field[] fields)
{
    public Condition Condition { get; } = condition;

    /// <summary>The fields, in the order of <see cref="Condition.Paths"/>.</summary>
    public IReadOnlyList<Field> Fields => fields;

    /// <summary>Whether the item that was read last matches.</summary>
    /// <param name="item">The fields of an item, of the same set.</param>
    public bool Matches(ItemFields item) => Condition.Root.Matches(item, fields);
}
