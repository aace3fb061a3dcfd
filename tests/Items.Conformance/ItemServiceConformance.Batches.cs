using Xunit;

namespace SharedState.Items.Conformance;

/// <content>A batch is one transaction, in its order.</content>
public abstract partial class ItemServiceConformance
{
    [Fact]
    [Promise(
        Fix = "Apply a batch's updates in their order, each to what the one before left; give one result for each, in the same order.")]
    public async Task UpdatesOfABatchBuildOnEachOther()
    {
        var service = await OpenAsync();
        var results = await service.CommitAsync(
            [Insert("a", "b"), Remove("a"), Insert(NewItem("a", 2)), Remove("nothing"), Remove("b")], CancellationToken.None);

        Assert.Equal([1, 2, 3, 3, 4], results.Select(result => result.Position.Revision));
        Assert.Equal(CommitStatus.Unchanged, results[3].Status);
        Assert.All(results, result => Assert.Equal(results[0].Position.Epoch, result.Position.Epoch));

        var collection = await LoadAsync(service);
        Assert.Equal(results[^1].Position, collection.Position);
        var item = Assert.Single(collection.Items);
        Assert.Equal(("a", 3, Text(NewItem("a", 2).Json)), (item.Id, item.Revision, Text(item.Json)));
        if (RemembersRemovals) Assert.Equal([new Tombstone("b", 4)], collection.Tombstones);
    }

    [Fact]
    [Promise(Fix = "Count revisions for each (app, collection), not for the storage.")]
    public async Task EachCollectionOfABatchHasItsOwnRevisions()
    {
        var service = await OpenAsync();
        CollectionKey other = new("app", "other");
        ItemUpdate[] batch =
        [
            Insert("a"),
            new() { Key = other, Insert = [NewItem("x")] },
            Insert("b"),
            new() { Key = other, Remove = ["x"] },
            new() { Key = other, Insert = [NewItem("y")] },
        ];
        var results = await service.CommitAsync(batch, CancellationToken.None);

        Assert.Equal([1, 1, 2, 2, 3], results.Select(result => result.Position.Revision));
        Assert.Equal(["a", "b"], Ids(await LoadAsync(service)));
        Assert.Equal(["y"], Ids(await LoadAsync(service, other)));
    }

    [Fact]
    [Promise(
        Fix = "Compare Expected with the collection as the updates before it in the batch left it; leave out only that update, as a "
            + "Conflict."
    )]
    public async Task AConflictIsLeftOutAndTheOthersGoOn()
    {
        var service = await OpenAsync();
        var (_, position) = await CommitAsync(service, Insert("a"));
        ItemUpdate[] batch = [Insert("b"), Expecting(position, "c"), Expecting(position with { Revision = 2 }, "d"), Insert("e")];
        var results = await service.CommitAsync(batch, CancellationToken.None);

        Assert.Equal(
            [CommitStatus.Committed, CommitStatus.Conflict, CommitStatus.Committed, CommitStatus.Committed],
            results.Select(result => result.Status));
        Assert.Equal([2, 2, 3, 4], results.Select(result => result.Position.Revision));
        Assert.Equal(["a", "b", "d", "e"], Ids(await LoadAsync(service)));
    }

    [Fact]
    [Promise(
        Fix = "Commit a batch in one transaction, and read a collection's position and items in one transaction or from one snapshot.")]
    public async Task ALoadNeverSeesHalfABatch()
    {
        // Each batch writes its number to both items, by two updates: any load must find both equal, and an even revision.
        const int Batches = 100;
        var service = await OpenAsync();
        await service.CommitAsync(Pair(0), CancellationToken.None);
        var writer = Task.Run(async () =>
        {
            for (var n = 1; n <= Batches; n++) await service.CommitAsync(Pair(n), CancellationToken.None);
        });

        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            var revision = 0L;
            while (revision < 2 * (Batches + 1))
            {
                var collection = await LoadAsync(service);
                Assert.True(collection.Position.Revision >= revision, "A later load sees an earlier revision.");
                revision = collection.Position.Revision;
                Assert.Equal(0, revision % 2);
                Assert.Equal([revision - 1, revision], collection.Items.OrderBy(item => item.Id).Select(item => item.Revision));
                Assert.Single(collection.Items.Select(item => Text(item.Json).Split("value")[1]).Distinct());
                if (writer.IsFaulted) break;
            }
        }));
        await Task.WhenAll([writer, .. readers]);

        static ItemUpdate[] Pair(int n) => [Insert(NewItem("a", n)), Insert(NewItem("b", n))];
    }

    [Fact]
    [Promise(
        Fix = "Look at the token before anything is stored, and throw Unavailable where surely nothing was; OutcomeUnknown where something "
            + "may have been."
    )]
    public async Task ACommitThatIsCancelledIsStoredWhollyOrNotAtAll()
    {
        var service = await OpenAsync();
        var model = new Model();
        model.Apply(Insert("a"), await CommitAsync(service, Insert("a")));

        // Before it begins: nothing may be stored, unless it succeeds.
        await CommitCancelledAsync(service, model, Insert("b"), new CancellationToken(canceled: true));

        // At any point: if it says that it failed, nothing is stored.
        for (var n = 0; n < 20; n++)
        {
            using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(n / 4.0));
            await CommitCancelledAsync(service, model, Insert([.. Enumerable.Range(0, 200).Select(i => NewItem($"{n}-{i}"))]), stop.Token);
        }
    }

    private async Task CommitCancelledAsync(IItemService service, Model model, ItemUpdate update, CancellationToken stop)
    {
        try
        {
            model.Apply(update, (await service.CommitAsync([update], stop))[0]);
        }
        catch (Exception e) when (e is OperationCanceledException or ItemServiceException { Fault: ItemServiceFault.Unavailable })
        {
        }
        catch (ItemServiceException e) when (e.Fault == ItemServiceFault.OutcomeUnknown)
        {
            var position = (await LoadAsync(service)).Position;
            if (position.Revision > model.Revision) model.Apply(update, new CommitResult(CommitStatus.Committed, position));
        }
        model.AssertEqual(await LoadAsync(service), RemembersRemovals);
    }
}
