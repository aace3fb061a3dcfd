using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SharedState.Items.MySql;

/// <summary>
/// The form in which names and ids stand in the key of the items' table. An index holds 3072 bytes, four for each character that it allows,
/// so the key has 129 + 129 + 510 characters. What is shorter stands there as it is; what is not, as its beginning and the hash of all of
/// it, which together fill the column, so that neither is ever taken for the other.
/// </summary>
/// <remarks>Where the whole of it is needed again, it is in the table of collections, or in the item itself.</remarks>
internal static class StoredName
{
    /// <summary>
    /// The characters of the columns <c>app</c> and <c>chnl</c>: one more than in existing tables, of which no name is cut.
    /// </summary>
    public const int NameLimit = 129;

    /// <summary>The characters of the column <c>id</c>.</summary>
    public const int IdLimit = 510;

    /// <summary>The length of SHA-256 in hexadecimal, and of the mark before it.</summary>
    private const int TailLength = 65;

    /// <summary>The form of a text in a column of so many characters.</summary>
    public static string Of(string text, int limit) => IsShort(text, limit) ? text : Cut(text, limit);

    /// <summary>Whether a text of the column is the text itself, or a beginning with a hash.</summary>
    public static bool IsCut(string stored, int limit) => !IsShort(stored, limit);

    private static bool IsShort(string text, int limit) => text.Length < limit || Characters(text) < limit;

    /// <summary>The database counts code points.</summary>
    private static int Characters(string text) => text.Length - text.Count(char.IsLowSurrogate);

    private static string Cut(string text, int limit)
    {
        var stored = new StringBuilder();
        var left = limit - TailLength;
        foreach (var rune in text.EnumerateRunes())
        {
            if (left-- == 0) break;
            stored.Append(rune.ToString());
        }
        stored.Append(CultureInfo.InvariantCulture, $"#{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}");
        return stored.ToString();
    }
}
