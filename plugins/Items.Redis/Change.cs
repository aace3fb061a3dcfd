using System.Globalization;
using System.Text;
using StackExchange.Redis;

namespace SharedState.Items.Redis;

/// <summary>An entry of a collection's stream, as commit.lua writes it.</summary>
/// <param name="Commit">What was committed.</param>
/// <param name="End">How many bytes of changes were written to the collection's stream up to here, since ever.</param>
/// <param name="Bytes">How many of them are this one's.</param>
internal readonly record struct Change(ItemCommit Commit, long End, long Bytes)
{
    /// <summary>
    /// Reads the entry of a revision; null if it is of another one, tells only that there was a change, or was written by another program.
    /// </summary>
    public static Change? Parse(StreamEntry entry, CollectionKey key, long revision)
    {
        var (id, fields) = ((string?)entry.Id, entry.Values);
        if (id is null || !id.StartsWith(string.Create(CultureInfo.InvariantCulture, $"{revision}-"), StringComparison.Ordinal))
            return null;
        if (fields is not [{ Name: var first, Value: var value }, ..] || first != "b" || !value.TryParse(out long start)) return null;

        var (reset, remove, insert, bytes) = (false, new List<string>(), new List<Item>(), 0L);
        foreach (var field in fields)
        {
            ReadOnlyMemory<byte> name = field.Name, json = field.Value;
            bytes += name.Length + json.Length;
            switch (name.Span)
            {
                case [(byte)'b']:
                    break;
                case [(byte)'*']:
                    reset = true;
                    break;
                case [(byte)'-', .. var removed]:
                    remove.Add(Encoding.UTF8.GetString(removed));
                    break;
                case [(byte)'+', .. var inserted]:
                    insert.Add(new Item(Encoding.UTF8.GetString(inserted), json));
                    break;
                default:
                    return null;
            }
        }
        return new Change(new ItemCommit(revision, new ItemUpdate { Key = key, Reset = reset, Remove = remove, Insert = insert }),
            start + bytes, bytes);
    }
}
