namespace SharedState.Host.Patterns;

/// <summary>What is wrong with a regular expression. Thrown and caught by <see cref="Pattern"/>.</summary>
internal sealed class PatternMistake(string sentence) : Exception(sentence);
