namespace SharedState.Host.Conditions;

/// <summary>
/// The fields that a number of conditions and orders read. <see cref="ItemFields"/> reads all of them in one pass over an item. The set and
/// its readings belong to one thread at a time; after a change of the set, an item must be read again.
/// </summary>
internal sealed class FieldSet
{
    private readonly Stack<int> _free = new();

    /// <summary>The item itself.</summary>
    public Field Root { get; } = new(0, null, default);

    /// <summary>All numbers of fields are less than this.</summary>
    public int Numbers { get; private set; } = 1;

    /// <summary>Adds a path, or one more use of it.</summary>
    /// <returns>The field, the same one for each use.</returns>
    public Field Add(FieldPath path)
    {
        var field = Root;
        foreach (var name in path.Names)
        {
            if (field.Find(name.Bytes.Span) is not { } child)
            {
                child = new(_free.Count > 0 ? _free.Pop() : Numbers++, field, name);
                field.Add(child);
            }
            field = child;
        }
        field.Uses++;
        return field;
    }

    /// <summary>Ends one use of a field. After the last one the set reads it no more.</summary>
    public void Remove(Field field)
    {
        field.Uses--;
        while (field is { Uses: 0, HasChildren: false, Parent: { } parent })
        {
            parent.Remove(field);
            _free.Push(field.Number);
            field = parent;
        }
    }

    /// <summary>Adds the paths of a condition.</summary>
    /// <returns>The condition, which reads its fields from this set until it is removed.</returns>
    public BoundCondition Add(Condition condition) => new(condition, [.. condition.Paths.Select(Add)]);

    /// <summary>Ends the uses that the paths of a condition had.</summary>
    public void Remove(BoundCondition condition)
    {
        foreach (var field in condition.Fields) Remove(field);
    }

    /// <summary>Adds the paths of an order.</summary>
    /// <returns>The order, which reads its fields from this set until it is removed.</returns>
    public BoundOrder Add(SortOrder order) => new(order, [.. order.Paths.Select(Add)]);

    /// <summary>Ends the uses that the paths of an order had.</summary>
    public void Remove(BoundOrder order)
    {
        foreach (var field in order.Fields) Remove(field);
    }
}
