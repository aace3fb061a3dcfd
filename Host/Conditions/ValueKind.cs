namespace SharedState.Host.Conditions;

/// <summary>The type of a JSON value. Only values of the same kind are compared; the order of the kinds is that of sorting.</summary>
internal enum ValueKind : byte
{
    Null,
    Number,
    String,
    Object,
    Array,
    Boolean,
}
