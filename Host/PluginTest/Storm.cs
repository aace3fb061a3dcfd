using System.Text.Json;

namespace SharedState.Host.PluginTest;

/// <summary>
/// Writes numbered batches, each to two collections, until the process is killed. Each batch has updates that are conflicts, of which
/// nothing may be found later.
/// </summary>
internal static class Storm
{
    public const string Name = "storm";

    public const string Sentence = "What was acknowledged survives kill -9, in whole batches";

    public const string Fix =
        "Return from CommitAsync only when the batch is on the disk (or wherever it is safe), and store all of a batch or nothing.";

    private static readonly CollectionKey[] Keys = [new("app", "one"), new("app", "two")];

    private static readonly string[] Ids = ["a", "b", "c"];

    // No collection ever has this position.
    private static readonly Position Nowhere = new("none", 1);

    /// <summary>The number of the last stored batch. Throws if a batch is stored in part.</summary>
    public static async Task<long> FindAsync(IItemService service)
    {
        var values = new HashSet<long>();
        foreach (var key in Keys)
        {
            var collection = await service.LoadAsync(key, CancellationToken.None);
            if (collection.Items.Any(item => item.Id == "conflict"))
                throw new TestFailure("An update is stored that was answered as a Conflict.");
            if (collection.Items.Count is not 0 and not 3)
                throw new TestFailure($"{collection.Items.Count} of 3 items of a batch are stored.");
            if (collection.Items.Count == 0) values.Add(0);
            foreach (var item in collection.Items)
            {
                using var document = JsonDocument.Parse(item.Json);
                values.Add(document.RootElement.GetProperty("value").GetInt64());
            }
        }
        return values.Count == 1
            ? values.Single()
            : throw new TestFailure($"Batches are stored in part: items bear the numbers {string.Join(" and ", values.Order())}.");
    }

    /// <summary>Writes batches after a number and reports each acknowledgement. Ends with the process.</summary>
    public static async Task RunAsync(IItemService service, long stored, Action<long> acknowledged)
    {
        for (var n = stored + 1; ; n++)
        {
            Item[] items = [.. Ids.Select(id => FaultTests.NewItem(id, n))];
            await service.CommitAsync([.. Keys.SelectMany(key => Updates(key, items))], CancellationToken.None);
            acknowledged(n);
        }
    }

    /// <summary>The update of a collection, and conflicts before and after it.</summary>
    private static ItemUpdate[] Updates(CollectionKey key, Item[] items) =>
    [
        new() { Key = key, Reset = true, Insert = [FaultTests.NewItem("conflict", 0)], Expected = Nowhere },
        new() { Key = key, Insert = items },
        new() { Key = key, Remove = ["a"], Insert = [FaultTests.NewItem("conflict", 0)], Expected = Nowhere },
    ];
}
