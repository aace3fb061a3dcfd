namespace SharedState.Host.Conditions;

/// <summary>A mistake in a condition, an order or a list of fields, as a sentence with its place. The readers throw and catch it.</summary>
internal sealed class ConditionMistake(string place, string sentence) : Exception($"{place}: {sentence}");
