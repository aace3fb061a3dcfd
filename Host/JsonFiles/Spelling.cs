namespace SharedState.Host.JsonFiles;

/// <summary>Suggests the known name for a misspelled one.</summary>
internal static class Spelling
{
    // Two letters make another word of a shorter name: "tag" and "org" have one in common.
    private const int ShortName = 5;

    /// <summary>
    /// The nearest known name, or null if none is near: at most a third of its letters, or two letters, may differ.
    /// </summary>
    public static string? Nearest(string written, IEnumerable<string> known) =>
        known.Where(name => Math.Abs(name.Length - written.Length) <= Tolerance(name))
            .Select(name => (Name: name, Distance: Distance(written, name)))
            .Where(candidate => candidate.Distance <= Tolerance(candidate.Name))
            .OrderBy(candidate => candidate.Distance)
            .FirstOrDefault().Name;

    /// <summary>Whether one of two names may be a misspelling of the other: one letter differs, or two in names of five letters or more,
    /// or only the case.</summary>
    public static bool IsNear(string one, string other) =>
        one != other
        && (one.Equals(other, StringComparison.OrdinalIgnoreCase)
            || Distance(one, other) <= (Math.Min(one.Length, other.Length) < ShortName ? 1 : 2));

    private static int Tolerance(string name) => Math.Min(Math.Max(2, name.Length / 3), name.Length - 1);

    /// <summary>The end of a sentence that begins with "unknown": the nearest name, or all known names.</summary>
    public static string Hint(string written, IReadOnlyCollection<string> known) =>
        Nearest(written, known) is { } nearest ? $"did you mean \"{nearest}\"?"
        : known.Count == 0 ? "none is known here"
        : $"known are {string.Join(", ", known.Order(StringComparer.Ordinal))}";

    /// <summary>The Levenshtein distance: letters to insert, remove or replace. Two swapped neighbours count as one.</summary>
    private static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) rows[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) rows[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                rows[i, j] = Math.Min(replaced, Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
            }
        }
        return rows[a.Length, b.Length];
    }
}
