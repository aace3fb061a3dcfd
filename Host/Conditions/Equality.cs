namespace SharedState.Host.Conditions;

/// <summary>A part of a condition that must hold: a field has one of several values.</summary>
/// <param name="Path">The path of the field.</param>
/// <param name="Keys">The values; none if nothing matches.</param>
internal sealed record Equality(FieldPath Path, IReadOnlyList<EqualityKey> Keys);
