namespace SharedState.Host.Conditions;

/// <summary>
/// A place of a <see cref="FieldSet"/>, reached by the names of a path. The places of a set form a tree, so that one pass over an item
/// reads all of them.
/// </summary>
internal sealed class Field
{
    private Dictionary<ReadOnlyMemory<byte>, Field>? _byName;
    private Dictionary<ReadOnlyMemory<byte>, Field>.AlternateLookup<ReadOnlySpan<byte>> _find;
    private Dictionary<int, Field>? _byIndex;

    /// <param name="number">The number of the field in its set.</param>
    /// <param name="parent">The field that contains it; null for the item itself.</param>
    /// <param name="name">Its name in that field.</param>
    public Field(int number, Field? parent, FieldName name) => (Number, Parent, Name) = (number, parent, name);

    public int Number { get; }

    public Field? Parent { get; }

    public FieldName Name { get; }

    /// <summary>The number of paths that lead to the field; 0 if paths only lead through it.</summary>
    public int Uses { get; set; }

    public bool HasChildren => _byName is not null;

    public IEnumerable<Field> Children => _byName?.Values ?? Enumerable.Empty<Field>();

    public Field? Find(ReadOnlySpan<byte> name) => _byName is not null && _find.TryGetValue(name, out var field) ? field : null;

    public Field? Find(int index) => _byIndex is not null && _byIndex.TryGetValue(index, out var field) ? field : null;

    public void Add(Field child)
    {
        if (_byName is null)
        {
            _byName = new(Utf8Names.Comparer);
            _find = _byName.GetAlternateLookup<ReadOnlySpan<byte>>();
        }
        _byName.Add(child.Name.Bytes, child);
        if (child.Name.Index >= 0) (_byIndex ??= []).Add(child.Name.Index, child);
    }

    public void Remove(Field child)
    {
        _byName!.Remove(child.Name.Bytes);
        if (_byName.Count == 0) _byName = null;
        if (child.Name.Index < 0) return;
        _byIndex!.Remove(child.Name.Index);
        if (_byIndex.Count == 0) _byIndex = null;
    }
}
