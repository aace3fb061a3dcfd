using System.Globalization;
using System.Text;

namespace SharedState.Host.Diagnostics;

/// <summary>Makes text from outside safe for one line of a log or a terminal.</summary>
internal static class Printable
{
    /// <summary>The longest text of a value: enough for every sentence of the host, too short to flood a log.</summary>
    public const int MaximumLength = 2_000;

    /// <summary>
    /// The text without characters that control a terminal or hide the text after them (control and format characters, line separators,
    /// half surrogates), which are escaped, and cut at <see cref="MaximumLength"/>.
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
