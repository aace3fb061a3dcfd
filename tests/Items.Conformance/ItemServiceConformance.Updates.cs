using Xunit;

namespace SharedState.Items.Conformance;

/// <content>What an update does to the items.</content>
public abstract partial class ItemServiceConformance
{
    [Fact]
    [Promise(Fix = "Insert is an upsert by id; the item's revision is that of the update which inserted it last.")]
    public async Task AnInsertAddsAndReplaces()
    {
        var service = await OpenAsync();
        await CommitAsync(service, Insert(NewItem("a", 1), NewItem("b", 1)));
        await CommitAsync(service, Insert(NewItem("b", 2), NewItem("c", 2)));

        var items = (await LoadAsync(service)).Items.ToDictionary(item => item.Id);
        Assert.Equal(["a", "b", "c"], items.Keys.Order());
        Assert.Equal(1, items["a"].Revision);
        Assert.Equal(2, items["b"].Revision);
        Assert.Equal(2, items["c"].Revision);
        Assert.Equal(Text(NewItem("b", 2).Json), Text(items["b"].Json));
    }

    [Fact]
    [Promise(Fix = "Remove exactly the ids that are named; one that is not there is no error.")]
    public async Task ARemovalTakesOnlyWhatItNames()
    {
        var service = await OpenAsync();
        await CommitAsync(service, Insert("a", "b", "c"));
        await CommitAsync(service, Remove("b", "not there"));
        Assert.Equal(["a", "c"], Ids(await LoadAsync(service)));
    }

    [Fact]
    [Promise(Fix = "Apply Remove and Insert of an update together, at one revision.")]
    public async Task AnUpdateRemovesAndInserts()
    {
        var service = await OpenAsync();
        await CommitAsync(service, Insert("a", "b"));
        var result = await CommitAsync(service, new ItemUpdate { Key = _key, Remove = ["a"], Insert = [NewItem("c")] });
        Assert.Equal(2, result.Position.Revision);
        Assert.Equal(["b", "c"], Ids(await LoadAsync(service)));
    }

    [Fact]
    [Promise(Fix = "At Reset delete all items of the collection first, then insert.")]
    public async Task AResetLeavesOnlyWhatItInserts()
    {
        var service = await OpenAsync();
        await CommitAsync(service, Insert("a", "b"));
        await CommitAsync(service, Reset("b", "c"));

        var collection = await LoadAsync(service);
        Assert.Equal(["b", "c"], Ids(collection));
        Assert.All(collection.Items, item => Assert.Equal(2, item.Revision));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5_000)]
    [Promise(Fix = "At Reset delete all items of the collection, however many there are: without a LIMIT, or until none is left.")]
    public async Task AResetRemovesAllItems(int items)
    {
        ItemUpdate All(int value) => Insert([.. Enumerable.Range(0, items).Select(n => NewItem($"item {n}", value))]);
        var (service, model) = (await OpenAsync(), new Model());
        ItemUpdate[] updates =
        [
            All(1), Reset("item 1", "another"), All(2), Reset(), All(3), new() { Key = _key, Reset = true, Insert = All(4).Insert },
            Remove("item 0"),
        ];
        foreach (var update in updates)
        {
            model.Apply(update, await CommitAsync(service, update));
            model.AssertEqual(await LoadAsync(service), RemembersRemovals);
        }
        if (!IsDurable) return;
        service = await ReopenAsync(service);
        model.AssertEqual(await LoadAsync(service), RemembersRemovals);
    }

    [Fact]
    [Promise(Fix = "Answer Unchanged, and leave the revision, where nothing was inserted and nothing that was to go was there.")]
    public async Task WhatHasNoEffectLeavesTheRevision()
    {
        var service = await OpenAsync();
        ItemUpdate[] without = [Remove("a"), Reset(), new() { Key = _key }];
        foreach (var update in without) Assert.Equal(CommitStatus.Unchanged, (await CommitAsync(service, update)).Status);
        Assert.Equal(0, (await LoadAsync(service)).Position.Revision);

        await CommitAsync(service, Insert("a"));
        var (status, position) = await CommitAsync(service, Remove("b"));
        Assert.Equal(CommitStatus.Unchanged, status);
        Assert.Equal(1, position.Revision);
        Assert.Equal(position, (await LoadAsync(service)).Position);
    }

    [Fact]
    [Promise(Fix = "Any insert is an effect, also of an equal item; so is a reset, unless the collection is empty and stays so.")]
    public async Task InsertingAnEqualItemIsAnEffectAndSoIsAResetToTheSame()
    {
        var service = await OpenAsync();
        await CommitAsync(service, Insert("a"));
        Assert.Equal(CommitStatus.Committed, (await CommitAsync(service, Insert("a"))).Status);
        Assert.Equal(CommitStatus.Committed, (await CommitAsync(service, Reset("a"))).Status);
        Assert.Equal(CommitStatus.Committed, (await CommitAsync(service, Reset())).Status);
        Assert.Equal(4, (await LoadAsync(service)).Position.Revision);
    }

    [Fact]
    [Promise(Fix = "Compare Expected with the epoch and the revision, in the transaction that commits.")]
    public async Task AnUpdateCommitsOnlyWhereItExpectsTheCollection()
    {
        var service = await OpenAsync();
        var (_, first) = await CommitAsync(service, Insert("a"));
        var (_, second) = await CommitAsync(service, Insert("b"));

        ItemUpdate[] early =
        [
            Expecting(first, "c"),
            Expecting(second with { Revision = 3 }, "c"),
            Expecting(second with { Epoch = "another" }, "c"),
        ];
        foreach (var update in early) Assert.Equal(new CommitResult(CommitStatus.Conflict, second), await CommitAsync(service, update));
        Assert.Equal(["a", "b"], Ids(await LoadAsync(service)));

        Assert.Equal(
            new CommitResult(CommitStatus.Committed, second with { Revision = 3 }), await CommitAsync(service, Expecting(second, "c")));
        Assert.Equal(["a", "b", "c"], Ids(await LoadAsync(service)));
    }

    [Fact]
    [Promise(
        Fix = "Treat a collection that is not there as one at revision 0 of the storage's epoch, which stays the same until it is written."
    )]
    public async Task AnUpdateMayExpectACollectionThatWasNeverWrittenTo()
    {
        var service = await OpenAsync();
        var nowhere = (await LoadAsync(service)).Position;
        Assert.Equal(CommitStatus.Committed, (await CommitAsync(service, Expecting(nowhere, "a"))).Status);
        Assert.Equal(CommitStatus.Conflict, (await CommitAsync(service, Expecting(nowhere, "b"))).Status);
    }

    private protected static ItemUpdate Expecting(Position position, string id) =>
        new() { Key = _key, Insert = [NewItem(id)], Expected = position };
}
