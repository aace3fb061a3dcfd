namespace SharedState.Host.Conditions;

/// <summary>A value that the path of a field reached.</summary>
internal struct Reached(in FieldValue value, bool isElement, int next)
{
    public readonly FieldValue Value = value;

    /// <summary>Whether the path leads to the array that the value is an element of.</summary>
    public readonly bool IsElement = isElement;

    /// <summary>The number of the next value of the field; -1 after the last one.</summary>
    public int Next = next;
}

/// <summary>The values of one field in an item.</summary>
internal struct FieldValues(Reached[] values, int first)
{
    private int _at = -1;
    private int _next = first;

    public readonly ref readonly Reached Current => ref values[_at];

    public readonly FieldValues GetEnumerator() => this;

    public bool MoveNext()
    {
        _at = _next;
        if (_at >= 0) _next = values[_at].Next;
        return _at >= 0;
    }
}

/// <summary>The keys of one field in an item, for an index over equality.</summary>
internal struct FieldKeys(FieldValues values, bool missing)
{
    private FieldValues _values = values;
    private bool _missing = missing;

    public EqualityKey Current { get; private set; }

    public readonly FieldKeys GetEnumerator() => this;

    public bool MoveNext()
    {
        while (_values.MoveNext())
        {
            ref readonly var value = ref _values.Current.Value;
            if (value.Kind is ValueKind.Object or ValueKind.Array) continue;
            Current = new(value);
            return true;
        }
        if (!_missing) return false;
        _missing = false;
        Current = new(FieldValue.Null);
        return true;
    }
}
