using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace SharedState.Items.Sqlite;

/// <summary>What stands in the columns of an item's row.</summary>
internal static class ItemRow
{
    /// <summary>The length of a time to the microsecond, <c>2026-01-31 12:00:00.000000</c>; the revision follows.</summary>
    private const int TimeLength = 26;

    /// <summary>The first part of <c>ctime</c>, for all rows of one commit.</summary>
    public static string Time(DateTimeOffset now) => now.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture);

    /// <summary>The revision that follows the time; 0 where there is none, as in a row that another program wrote.</summary>
    public static long Revision(string? ctime) =>
        ctime is { Length: > TimeLength }
        && long.TryParse(ctime.AsSpan(TimeLength), NumberStyles.None, CultureInfo.InvariantCulture, out var revision)
            ? revision
            : 0;

    /// <summary>
    /// Reads an item in either of the two forms that there are: the whole item, or, as older installations wrote it, only the value of its
    /// <c>data</c>. The former is a JSON object whose <c>id</c> is the row's.
    /// </summary>
    /// <param name="id">The row's id, in UTF-8; null or empty where another program wrote none.</param>
    /// <param name="data">The row's data, in UTF-8; null for NULL, which older installations wrote for an item without data.</param>
    /// <param name="text">The id.</param>
    /// <param name="json">The whole item: <paramref name="data"/> itself if it is one.</param>
    /// <returns>False if it is neither, because it is no JSON or no UTF-8, or has no id.</returns>
    public static bool TryRead(byte[]? id, byte[]? data, out string text, out ReadOnlyMemory<byte> json)
    {
        text = "";
        json = data;
        if (id is not { Length: > 0 } || !Utf8.IsValid(id) || (data is not null && !Utf8.IsValid(data))) return false;
        text = Encoding.UTF8.GetString(id);
        try
        {
            if (data is null || !IsWholeItem(data, id)) json = ItemJson.Whole(text, data);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <remarks>
    /// <see cref="Utf8JsonReader.ValueTextEquals(ReadOnlySpan{byte})"/> throws at an escaped lone surrogate, which is valid JSON though no
    /// text, and which clients may send anywhere but in the id.
    /// </remarks>
    /// <exception cref="JsonException">It is no JSON.</exception>
    private static bool IsWholeItem(byte[] data, byte[] id)
    {
        var reader = new Utf8JsonReader(data, ItemJson.Options);
        var whole = false;
        reader.Read();
        var isObject = reader.TokenType == JsonTokenType.StartObject;
        while (reader.Read())
        {
            // The last of several counts, as in most readers of JSON.
            if (isObject && reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName && ItemJson.IsId(reader.ValueSpan))
            {
                reader.Read();
                whole = reader.TokenType == JsonTokenType.String && IsText(ref reader, id);
            }
        }
        return whole;
    }

    private static bool IsText(ref Utf8JsonReader reader, byte[] text)
    {
        try
        {
            return reader.ValueTextEquals(text);
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate in the id: no client can have written it, so this is rare.
            return false;
        }
    }
}
