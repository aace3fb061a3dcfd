using System.Text.Json;

namespace SharedState.Items.MySql;

/// <summary>
/// Reads what stands in the column <c>data</c>, in either of its two forms: the whole item, or, as older installations wrote it, only
/// the value of the item's <c>data</c>.
/// </summary>
internal static class ItemText
{
    /// <summary>Reads an item that another program may have written.</summary>
    /// <param name="stored">The id as it stands in the row.</param>
    /// <param name="data">The row's data; null for NULL, which older installations wrote for an item without data.</param>
    /// <param name="id">The item's id.</param>
    /// <param name="json">The whole item: <paramref name="data"/> itself if it is one.</param>
    /// <returns>False if it is neither, because it is no JSON or has no id.</returns>
    public static bool TryRead(string stored, byte[]? data, out string id, out ReadOnlyMemory<byte> json)
    {
        (id, json) = (stored, data);
        if (stored.Length == 0) return false;
        try
        {
            if (data is not null && TryFindId(data, out var found) && StoredName.Of(found, StoredName.IdLimit) == stored)
            {
                id = found;
                return true;
            }
            json = ItemJson.Whole(stored, data);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Finds a whole item's id: the value of its last key <c>id</c>, as most readers of JSON take it.</summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static bool TryFindId(ReadOnlySpan<byte> data, out string id)
    {
        id = "";
        var reader = new Utf8JsonReader(data, ItemJson.Options);
        reader.Read();
        var isObject = reader.TokenType == JsonTokenType.StartObject;
        while (reader.Read())
        {
            if (!isObject || reader.CurrentDepth != 1 || reader.TokenType != JsonTokenType.PropertyName || !ItemJson.IsId(reader.ValueSpan))
                continue;
            reader.Read();
            id = reader.TokenType == JsonTokenType.String ? Text(ref reader) : "";
        }
        return id.Length > 0;
    }

    private static string Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // An escaped lone surrogate, which is valid JSON though no text: no client can have written it as an id.
            return "";
        }
    }
}
