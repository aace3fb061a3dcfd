namespace SharedState.Host.Conditions;

/// <summary>An order that reads its fields from a <see cref="FieldSet"/>, together with others.</summary>
internal sealed class BoundOrder(SortOrder order, Field[] fields)
{
    public SortOrder Order { get; } = order;

    /// <summary>The fields, in the order of <see cref="SortOrder.Paths"/>.</summary>
    public IReadOnlyList<Field> Fields => fields;

    /// <summary>The key of the item that was read last.</summary>
    /// <param name="item">The fields of an item, of the same set.</param>
    /// <param name="id">The item's id.</param>
    public SortKey Key(ItemFields item, string id) => Order.Key(item, fields, id);
}
