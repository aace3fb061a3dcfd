using System.Text;
using Xunit;

namespace SharedState.Items.Conformance;

/// <summary>What one collection must hold, kept in the simplest way: a service is compared with it.</summary>
internal sealed class Model
{
    private readonly SortedDictionary<string, (string Json, long Revision)> _items = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _removals = new(StringComparer.Ordinal);

    /// <summary>A collection that nothing was ever written to.</summary>
    public Model()
    {
    }

    /// <summary>A collection as it was loaded.</summary>
    public Model(StoredCollection collection)
    {
        Revision = collection.Position.Revision;
        foreach (var item in collection.Items) _items.Add(item.Id, (Encoding.UTF8.GetString(item.Json.Span), item.Revision));
        foreach (var removal in collection.Tombstones) _removals.Add(removal.Id, removal.Revision);
    }

    public long Revision { get; private set; }

    /// <summary>The ids of the items, in order.</summary>
    public IReadOnlyList<string> Ids => [.. _items.Keys];

    /// <summary>Applies an update, and checks what the service said of it.</summary>
    public void Apply(ItemUpdate update, CommitResult result)
    {
        if (update.Expected is { } expected && expected.Revision != Revision)
        {
            Assert.Equal((CommitStatus.Conflict, Revision), (result.Status, result.Position.Revision));
            return;
        }

        var revision = Revision + 1;
        var effective = update.Insert.Count > 0;
        foreach (var id in update.Reset ? Ids : update.Remove)
        {
            if (!_items.Remove(id)) continue;
            _removals[id] = revision;
            effective = true;
        }
        if (update.Reset && effective) _removals.Clear();
        foreach (var item in update.Insert)
        {
            _items[item.Id] = (Encoding.UTF8.GetString(item.Json.Span), revision);
            _removals.Remove(item.Id);
        }
        if (effective) Revision = revision;
        Assert.Equal((effective ? CommitStatus.Committed : CommitStatus.Unchanged, Revision), (result.Status, result.Position.Revision));
    }

    /// <summary>Asserts that the collection is exactly this.</summary>
    public void AssertEqual(StoredCollection collection, bool remembersRemovals)
    {
        Assert.Equal(Revision, collection.Position.Revision);
        Assert.Equal(
            _items.Select(item => (item.Key, item.Value.Json, item.Value.Revision)),
            collection
                .Items.Select(item => (item.Id, Encoding.UTF8.GetString(item.Json.Span), item.Revision))
                .OrderBy(item => item.Id, StringComparer.Ordinal));

        // What is remembered must be true, and all that is after the history's start must be remembered.
        Assert.InRange(collection.HistoryStart, 0, Revision);
        var remembered = collection.Tombstones.ToDictionary(removal => removal.Id, removal => removal.Revision);
        Assert.All(remembered, removal => Assert.Equal(_removals[removal.Key], removal.Value));
        Assert.All(
            _removals.Where(removal => removal.Value > collection.HistoryStart),
            removal => Assert.Contains(removal.Key, remembered as IReadOnlyDictionary<string, long>));
        if (remembersRemovals && _removals.Count > 0) Assert.NotEmpty(remembered);
    }
}
