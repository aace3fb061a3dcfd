using System.Text;

namespace SharedState.Micro;

/// <summary>Updates of one item of 100 bytes each, as the host makes them of what 200 writers send.</summary>
internal static class Updates
{
    public static readonly CollectionKey Key = new("app", "collection");

    /// <summary>
    /// Batches that go through all ids twice, in an order that is the same in each run. The second time each item is another: SQLite writes
    /// nothing for a row that stays as it is.
    /// </summary>
    public static ItemUpdate[][] Batches(int ids, int batch, int first = 0)
    {
        var order = Enumerable.Range(first, ids).ToArray();
        new Random(1).Shuffle(order);
        return [.. order.Select(id => Of(id, 'x')).Chunk(batch).Concat(order.Select(id => Of(id, 'y')).Chunk(batch))
            .Where(chunk => chunk.Length == batch)];
    }

    private static ItemUpdate Of(int id, char text)
    {
        var json = $$"""{"id":"item-{{id:d6}}","text":""" + '"';
        return new() { Key = Key, Insert = [new Item($"item-{id:d6}", Encoding.UTF8.GetBytes(json.PadRight(98, text) + "\"}"))] };
    }
}
