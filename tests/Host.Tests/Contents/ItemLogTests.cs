using System.Text;
using SharedState.Host.Contents;

namespace SharedState.Host.Tests.Contents;

/// <summary>The log against a naive model: every state that ever was, kept whole.</summary>
public sealed class ItemLogTests
{
    private const int Remembered = 4;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void TheDifferenceSinceAnyToldRevisionLeadsToTheState(int seed)
    {
        var random = new Random(seed);
        var (log, states) = (New(), new List<Dictionary<string, string>> { new() });
        for (var revision = 1; revision <= 80; revision++)
        {
            var update = RandomUpdate(random, revision);
            log.Apply(update, revision);
            states.Add(Applied(states[^1], update));

            AssertEqual(states[^1], Patched([], log.All));
            Assert.Equal(states[^1].Count, log.Count);
            Assert.Equal(states[^1].Values.Sum(json => json.Length), log.Bytes);
            Assert.Equal(new Position("e1", revision), log.Position);
            for (var since = (int)log.HistoryStart; since <= revision; since++)
                AssertEqual(states[^1], Patched(states[since], log.Since(since)));
            if (random.Next(10) == 0) log = Reloaded(log);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void RememberedRemovalsAreBoundedAndCostNoHistoryBeforeThat(int seed)
    {
        var random = new Random(seed);
        var log = New();
        var removed = 0;
        for (var revision = 1; revision <= 300; revision++)
        {
            var isThere = log.Find($"k{revision - 1}") is not null;
            log.Apply(isThere && random.Next(4) > 0 ? Remove($"k{revision - 1}") : Insert($"k{revision}"), revision);
            var removals = Removals(log);
            Assert.True(removals <= 2 * Math.Max(Remembered, log.Count));
            removed = Math.Max(removed, removals);
            if (log.HistoryStart > 0) Assert.True(removed >= Remembered);
        }
    }

    [Fact]
    public void TheDifferenceCostsWhatChangedHoweverManyItemsThereAre()
    {
        var log = New();
        for (var revision = 1; revision <= 5_000; revision++) log.Apply(Insert($"k{revision}"), revision);
        log.Apply(Remove("k7"), 5_001);
        log.Apply(Insert("k9"), 5_002);

        var changed = new List<string>();
        foreach (var entry in log.Since(5_000)) changed.Add(entry.Id);
        Assert.Equal(["k7", "k9"], changed);
    }

    [Fact]
    public void AResetForgetsWhatWasBeforeIt()
    {
        var log = New();
        log.Apply(Insert("a"), 1);
        log.Apply(Remove("a"), 2);
        log.Apply(new ItemUpdate { Key = default, Reset = true, Insert = [Item("b")] }, 3);

        Assert.Equal(3, log.HistoryStart);
        Assert.Equal(0, Removals(log));
        Assert.Equal(1, log.Count);
    }

    [Fact]
    public void WhatNoStorageCanHoldIsRefused()
    {
        var item = new StoredItem("a", "{}"u8.ToArray(), 1);
        StoredCollection[] impossible =
        [
            new(new("e1", 1), [item, item]),
            new(new("e1", 1), [item]) { Tombstones = [new("a", 1)] },
            new(new("e1", 0), [item]),
            new(new("e1", 1), [new("a", "{}"u8.ToArray(), 0)]),
            new(new("e1", 1), [new(null!, "{}"u8.ToArray(), 1)]),
            new(new("e1", 1), [default]),
            new(new("e1", 1), [new("a", default, 1)]),
            new(new(null!, 1), []),
            new(new("", 1), []),
            new(new("e1", -1), []),
            new(new("e1", 1), []) { HistoryStart = 2 },
        ];
        foreach (var stored in impossible) Assert.Throws<ItemServiceException>(() => new ItemLog(Remembered).Load(stored));
    }

    private static ItemLog New()
    {
        var log = new ItemLog(Remembered);
        log.Load(new(new("e1", 0), []));
        return log;
    }

    private static ItemUpdate RandomUpdate(Random random, int revision)
    {
        var insert = Enumerable
            .Range(0, random.Next(4))
            .Select(_ => $"k{random.Next(12)}")
            .Distinct()
            .Select(id => Item(id, revision))
            .ToList();
        var remove = Enumerable
            .Range(0, random.Next(4))
            .Select(_ => $"k{random.Next(12)}")
            .Distinct()
            .Where(id => insert.TrueForAll(item => item.Id != id));
        var reset = random.Next(25) == 0;
        return new ItemUpdate { Key = default, Reset = reset, Insert = insert, Remove = reset ? [] : [.. remove] };
    }

    private static Dictionary<string, string> Applied(Dictionary<string, string> state, ItemUpdate update)
    {
        var next = update.Reset ? [] : new Dictionary<string, string>(state);
        foreach (var id in update.Remove) next.Remove(id);
        foreach (var item in update.Insert) next[item.Id] = Encoding.UTF8.GetString(item.Json.Span);
        return next;
    }

    private static Dictionary<string, string> Patched(Dictionary<string, string> state, ItemWalk changes)
    {
        var next = new Dictionary<string, string>(state);
        var revision = 0L;
        foreach (var entry in changes)
        {
            Assert.True(entry.Revision >= revision, "not in the order of the changes");
            revision = entry.Revision;
            if (entry.Removed) next.Remove(entry.Id);
            else next[entry.Id] = Encoding.UTF8.GetString(entry.Json.Span);
        }
        return next;
    }

    private static ItemLog Reloaded(ItemLog log)
    {
        var (items, tombstones) = (new List<StoredItem>(), new List<Tombstone>());
        foreach (var entry in log.All)
        {
            if (entry.Removed) tombstones.Insert(0, new(entry.Id, entry.Revision));
            else items.Insert(0, new(entry.Id, entry.Json, entry.Revision));
        }
        var next = new ItemLog(Remembered);
        next.Load(new(log.Position, items) { Tombstones = tombstones, HistoryStart = log.HistoryStart });
        Assert.Equal(log.HistoryStart, next.HistoryStart);
        return next;
    }

    private static int Removals(ItemLog log)
    {
        var count = 0;
        foreach (var entry in log.All) count += entry.Removed ? 1 : 0;
        return count;
    }

    private static ItemUpdate Insert(string id) => new() { Key = default, Insert = [Item(id)] };

    private static ItemUpdate Remove(string id) => new() { Key = default, Remove = [id] };

    private static Item Item(string id, int value = 0) => new(id, Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","v":{{value}}}"""));

    private static void AssertEqual(Dictionary<string, string> expected, Dictionary<string, string> actual) =>
        Assert.Equal(expected.OrderBy(pair => pair.Key, StringComparer.Ordinal), actual.OrderBy(pair => pair.Key, StringComparer.Ordinal));
}
