using System.Text;

namespace SharedState.Host.Conditions;

/// <summary>
/// A string, number, boolean or null as the key of an index over equality: two keys are equal if a condition considers the values equal.
/// </summary>
/// <remarks>A key that <see cref="ItemFields"/> returns refers to the item's bytes. Copy it with <see cref="ToOwned"/> to keep it.</remarks>
internal readonly struct EqualityKey : IEquatable<EqualityKey>
{
    private readonly ValueKind _kind;
    private readonly double _number;
    private readonly ReadOnlyMemory<byte> _text;

    /// <param name="value">No object and no array.</param>
    public EqualityKey(in FieldValue value) => (_kind, _number, _text) = (value.Kind, value.Number, value.Bytes);

    private EqualityKey(ValueKind kind, double number, ReadOnlyMemory<byte> text) => (_kind, _number, _text) = (kind, number, text);

    /// <summary>The key with a copy of its text, independent of the item.</summary>
    public EqualityKey ToOwned() => new(_kind, _number, _text.ToArray());

    public bool Equals(EqualityKey other) =>
        _kind == other._kind && _number == other._number && _text.Span.SequenceEqual(other._text.Span);

    public override bool Equals(object? obj) => obj is EqualityKey other && Equals(other);

    public override int GetHashCode()
    {
        // HashCode is seeded for each process, so that no client can choose values that meet in one bucket.
        var hash = default(HashCode);
        hash.Add(_kind);
        hash.Add(_number);
        hash.AddBytes(_text.Span);
        return hash.ToHashCode();
    }

    public override string ToString() => _kind switch
    {
        ValueKind.Null => "null",
        ValueKind.Boolean => _number == 0 ? "false" : "true",
        ValueKind.Number => NumberText.Of(_number),
        _ => Encoding.UTF8.GetString(_text.Span),
    };
}
