namespace SharedState.Host.Conditions;

/// <summary>What operators become: parts of a condition on a field, or tests of an element.</summary>
/// <param name="Test">One operator.</param>
/// <param name="All">Several that must hold together.</param>
/// <param name="Not">The opposite.</param>
internal sealed record OperatorForm<T>(Func<ValueTest, T> Test, Func<IReadOnlyList<T>, T> All, Func<T, T> Not);
