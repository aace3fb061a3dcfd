using System.Text;
using System.Text.Json;
using SharedState.Host.Conditions;
using SharedState.Host.Contents;

namespace SharedState.Host.Tests.Contents;

/// <summary>A ranking that is built in parts, while updates come, against a sorted list.</summary>
public sealed class RankingTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 30)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void ARankingThatIsBuiltInPartsHasTheItemsThatAreThereInTheEnd(int seed)
    {
        var random = new Random(seed);
        Assert.True(SortOrder.TryParse("""[["n",1]]"""u8.ToArray(), "order", out var order, out _));
        var log = new ItemLog(1000);
        var changes = log.Changes = [];
        log.Load(new(new("e1", 0), []));
        for (var revision = 1; revision <= 300; revision++) log.Apply(RandomUpdate(random), revision);

        var ranking = new Ranking(order);
        ranking.Begin(Entries(log));
        var parts = 0;
        for (var revision = 301; !ranking.Built || revision < 400; revision++)
        {
            changes.Clear();
            log.Apply(RandomUpdate(random), revision);
            ranking.Apply([.. changes.Select(Filtered).Where(change => change.Was || change.Is)]);
            if (ranking.Built) continue;
            ranking.Build(random.Next(1, 20), entry => IsSelected(entry.Json));
            parts++;
        }
        Assert.True(parts > 10);

        var expected = Entries(log).Where(entry => !entry.Removed && IsSelected(entry.Json))
            .OrderBy(entry => NumberOf(entry.Json)).ThenBy(entry => entry.Id, StringComparer.Ordinal).Select(entry => entry.Id).ToArray();
        Assert.Equal(expected, ranking.From(0).Select(entry => entry.Item.Id));
        Assert.Equal(expected.Length, ranking.Count);
    }

    private static FilteredChange Filtered(ItemChange change) => new(
        change, change.Before.Length > 0 && IsSelected(change.Before), !change.Entry.Removed && IsSelected(change.Entry.Json));

    private static bool IsSelected(ReadOnlyMemory<byte> item) => NumberOf(item) % 3 != 0;

    private static int NumberOf(ReadOnlyMemory<byte> item) => JsonDocument.Parse(item).RootElement.GetProperty("n").GetInt32();

    private static List<ItemEntry> Entries(ItemLog log)
    {
        var entries = new List<ItemEntry>();
        foreach (var entry in log.All) entries.Add(entry);
        return entries;
    }

    private static ItemUpdate RandomUpdate(Random random)
    {
        var ids = Enumerable.Range(0, random.Next(1, 5)).Select(_ => $"k{random.Next(300)}").Distinct().ToArray();
        return random.Next(3) == 0
            ? new() { Key = default, Remove = ids }
            : new() { Key = default, Insert = [.. ids.Select(RandomItem)] };

        Item RandomItem(string id) => new(id, Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","n":{{random.Next(50)}}}"""));
    }
}
