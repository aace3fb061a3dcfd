using Xunit;

namespace SharedState.Items.Conformance;

/// <content>Opening, closing, and what else is in the storage.</content>
public abstract partial class ItemServiceConformance
{
    [Fact]
    [Promise(
        Fix = "Return from CommitAsync only after the storage made the batch durable. A storage in memory says so: IsDurable => false, or "
            + "--not-durable."
    )]
    public async Task WhatIsCommittedIsThereWhenOpenedAgain()
    {
        var service = await OpenAsync();
        var model = new Model();
        foreach (var update in new[] { Insert("a", "b", "c"), Remove("b"), Insert(NewItem("c", 2), NewItem("d", 2)) })
        {
            model.Apply(update, await CommitAsync(service, update));
        }
        service = await ReopenAsync(service);
        if (IsDurable) model.AssertEqual(await LoadAsync(service), RemembersRemovals);
        else Assert.Empty((await LoadAsync(service)).Items);
    }

    [Fact]
    [Promise(
        Fix = "List each collection with at least one item, once, compared by code point; not those that are empty or were only read.")]
    public async Task ListingNamesTheCollectionsThatHaveItems()
    {
        var service = await OpenAsync();
        CollectionKey[] keys = [.. Enumerable.Range(0, 300).Select(n => new CollectionKey(n < 150 ? "one" : "two", $"{n}"))];
        await CommitEachAsync(service, keys, key => new() { Key = key, Insert = [NewItem("a"), NewItem("b")] });
        await CommitAsync(service, keys[0], Remove("a", "b"));
        await CommitAsync(service, keys[1], Reset());
        await CommitAsync(service, keys[2], Remove("a"));
        await LoadAsync(service, new CollectionKey("one", "only read"));

        Assert.Equal(keys[2..].Select(key => $"{key}").Order(), (await ListAsync(service)).Select(key => $"{key}").Order());
        Assert.Equal(keys[2..150].Select(key => $"{key}").Order(), (await ListAsync(service, "one")).Select(key => $"{key}").Order());
        Assert.Empty(await ListAsync(service, "ONE"));
    }

    [Fact]
    [Promise(
        Fix = "Compare the whole name of the app, not its beginning or a pattern: = rather than LIKE, and a separator after a prefix.")]
    public async Task ListingAnAppNamesTheCollectionsOfNoOther()
    {
        string[] apps = ["a", "ab", "aa", "a b", "A", "a%", "a_", "%", "_", "*", "a*", "a.", "a/", "a:", "b"];
        var service = await OpenAsync();
        foreach (var app in apps) await CommitAsync(service, new CollectionKey(app, $"of {app}"), Insert("a"));
        foreach (var app in apps) Assert.Equal([new(app, $"of {app}")], await ListAsync(service, app));
        Assert.Empty(await ListAsync(service, "of a"));
        Assert.Equal(apps.Length, (await ListAsync(service)).Count);
    }

    [Fact]
    [Promise(Fix = "Make the app a part of the key of everything that is stored.")]
    public async Task AppsShareNothing()
    {
        var service = await OpenAsync();
        CollectionKey[] keys = [new("one", "x"), new("two", "x"), new("one", "y")];
        foreach (var key in keys) await CommitAsync(service, key, Insert($"{key}"));
        await CommitAsync(service, keys[0], Reset());
        Assert.Empty((await LoadAsync(service, keys[0])).Items);
        Assert.Equal([$"{keys[1]}"], Ids(await LoadAsync(service, keys[1])));
        Assert.Equal([$"{keys[2]}"], Ids(await LoadAsync(service, keys[2])));
    }

    [SkippableFact]
    [Promise(
        Fix = "Keep each service's items, revisions and locks in a place of its own, such as a table or a key prefix.",
        Needs = Need.OtherConfig)]
    public async Task TwoServicesOfOneStorageShareNothing()
    {
        Skip.If(OtherConfig is null, "not tried: OtherConfig is null");
        var one = await OpenAsync();
        var two = await OpenAsync(OtherConfig);
        await Task.WhenAll(Enumerable.Range(0, 2).Select(n => Task.Run(async () =>
        {
            for (var i = 0; i < 30; i++) await CommitAsync(n == 0 ? one : two, Insert($"{n}-{i % 10}"));
        })));
        Assert.All((await LoadAsync(one)).Items, item => Assert.StartsWith("0-", item.Id));
        Assert.All((await LoadAsync(two)).Items, item => Assert.StartsWith("1-", item.Id));
        Assert.Equal(30, (await LoadAsync(two)).Position.Revision);
    }

    [Fact]
    [Promise(
        Fix = "DisposeAsync waits for the commit that runs, or aborts it; after it, every call throws, and the storage can be opened.")]
    public async Task ClosingInTheMiddleOfCommitsAndLoadsLosesNothingThatWasAcknowledged()
    {
        var service = await OpenAsync();
        var acknowledged = 0;
        var begun = new TaskCompletionSource();
        var commits = Task.Run(async () =>
        {
            while (true)
            {
                await CommitAsync(service, Insert($"{acknowledged}"));
                if (++acknowledged == 3) begun.SetResult();
            }
        });
        var loads = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (true) await LoadAsync(service);
        })).ToArray();
        await begun.Task;

        var reopened = await ReopenAsync(service);
        foreach (var task in loads.Prepend(commits)) await Assert.ThrowsAnyAsync<Exception>(() => task.WaitAsync(TimeSpan.FromSeconds(10)));
        if (!IsDurable) return;

        // One more may have been stored without its caller hearing of it.
        Assert.InRange((await LoadAsync(reopened)).Items.Count, acknowledged, acknowledged + 1);
    }

    [Fact]
    [Promise(
        Fix = "Let DisposeAsync end the loads and listings that run, without waiting for their ends: each gives a whole answer, or throws "
            + "Unavailable or OperationCanceledException.")]
    public async Task ClosingDuringLoadsAndListingsGivesAWholeAnswerOrNone()
    {
        const int Items = 5_000;
        var service = await OpenAsync();
        var (_, position) = await CommitAsync(service, Insert([.. Enumerable.Range(0, Items).Select(n => $"item {n}")]));
        var begun = new TaskCompletionSource[4];
        for (var i = 0; i < begun.Length; i++) begun[i] = new();
        var reads = begun.Select((first, n) => Task.Run(() => ReadUntilClosedAsync(n == 0, first))).ToArray();
        await Task.WhenAll(begun.Select(first => first.Task));
        await CloseAsync(service);
        await Task.WhenAll(reads).WaitAsync(CallTime);

        async Task ReadUntilClosedAsync(bool lists, TaskCompletionSource first)
        {
            try
            {
                while (true)
                {
                    if (lists) Assert.Equal([_key], await ListAsync(service));
                    else
                    {
                        var collection = await LoadAsync(service);
                        Assert.Equal((position, Items), (collection.Position, collection.Items.Count));
                    }
                    first.TrySetResult();
                }
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException
                or ItemServiceException { Fault: ItemServiceFault.Unavailable })
            {
                // Closing ended it.
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                throw new Xunit.Sdk.XunitException(
                    $"A {(lists ? "listing" : "load")} that closing ended threw {e.GetType().Name}: {e.Message}", e);
            }
            finally
            {
                first.TrySetResult();
            }
        }
    }

    [Fact]
    [Promise(Fix = "Let DisposeAsync do nothing where OpenAsync was not called or failed.")]
    public async Task ClosingIsPossibleWithoutOpening() => await Create().DisposeAsync();
}
