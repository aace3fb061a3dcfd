using System.Text;
using System.Text.Json;
using SharedState.Host.Collections;
using SharedState.Host.Conditions;
using SharedState.Host.Contents;

namespace SharedState.Host.Tests.Contents;

/// <summary>An index that is built in parts, while updates come, against a list.</summary>
public sealed class EqualityIndexTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 30)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void AnIndexThatIsBuiltInPartsHasTheItemsThatAreThereInTheEnd(int seed)
    {
        var random = new Random(seed);
        var log = new ItemLog(1000);
        var changes = log.Changes = [];
        log.Load(new(new("e1", 0), []));
        for (var revision = 1; revision <= 300; revision++) log.Apply(RandomUpdate(random), revision);
        changes.Clear();
        var quota = new TurnQuota(12 << 10, _ => { }, TaskScheduler.Default); // less than a part of the index
        var filters = new Filters(log, quota);
        Filter[] all = [.. Enumerable.Range(0, 6).Select(n => filters.Find(Definition($$"""{"n":{{n}}}""")))];

        var parts = 0;
        for (var revision = 301; !filters.TryBuild(all[0]); revision++, parts++)
        {
            quota.Renew();
            log.Apply(RandomUpdate(random), revision);
            filters.Note(changes);
            changes.Clear();
        }
        Assert.True(parts > 5, $"{parts} parts");
        for (var n = 0; n < all.Length; n++)
        {
            Assert.Equal(
                log.Items.Where(item => NumberOf(item.Json) == n).Select(item => item.Id).Order(),
                filters.ItemsOf(all[n]).Select(entry => entry.Id).Order());
        }
    }

    private static ViewDefinition Definition(string filter)
    {
        Assert.True(Condition.TryParse(Encoding.UTF8.GetBytes(filter), "filter", out var condition, out _));
        return new() { Filter = condition };
    }

    private static int NumberOf(ReadOnlyMemory<byte> item) => JsonDocument.Parse(item).RootElement.GetProperty("n").GetInt32();

    private static ItemUpdate RandomUpdate(Random random)
    {
        var ids = Enumerable.Range(0, random.Next(1, 5)).Select(_ => $"k{random.Next(600)}").Distinct().ToArray();
        return random.Next(3) == 0
            ? new() { Key = default, Remove = ids }
            : new() { Key = default, Insert = [.. ids.Select(RandomItem)] };

        Item RandomItem(string id) => new(id, Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","n":{{random.Next(6)}}}"""));
    }
}
