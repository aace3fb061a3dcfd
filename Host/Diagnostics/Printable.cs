using System.Globalization;
using System.Text;

namespace SharedState.Host.Diagnostics;

/// <summary>Makes foreign text fit for one line of a log or a terminal.</summary>
internal static class Printable
{
    /// <summary>What a value may fill of a line: enough for any sentence of ours, too little to flood a log.</summary>
    public const int MaximumLength = 2_000;

    /// <summary>
    /// The text with everything escaped that a terminal would obey or that would hide what follows (control and format characters,
    /// line separators, half surrogates), cut at <see cref="MaximumLength"/>.
    /// </summary>
    public static string Text(string text)
    {
        var end = Math.Min(text.Length, MaximumLength);
        if (end == text.Length && !text.Any(IsUnprintable)) return text;

        var printable = new StringBuilder(end + 32);
        for (var i = 0; i < end; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) printable.Append(text, i++, 2);
            else if (IsUnprintable(text[i])) printable.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}");
            else printable.Append(text[i]);
        }
        if (end < text.Length) printable.Append(CultureInfo.InvariantCulture, $".. ({text.Length - end:N0} more characters)");
        return printable.ToString();
    }

    private static bool IsUnprintable(char c) => char.GetUnicodeCategory(c) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or
        UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
