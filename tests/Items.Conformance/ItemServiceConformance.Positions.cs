using System.Text.RegularExpressions;
using Xunit;

namespace SharedState.Items.Conformance;

/// <content>Revisions, removals that are remembered, and epochs.</content>
public abstract partial class ItemServiceConformance
{
    [Fact]
    [Promise(Fix = "Give an empty collection at revision 0 for a key that is not there, and write nothing when reading.")]
    public async Task ACollectionNeverWrittenToIsEmptyAtRevisionZeroAndIsNotCreated()
    {
        var service = await OpenAsync();
        var collection = await LoadAsync(service);
        Assert.Equal(0, collection.Position.Revision);
        Assert.Equal(0, collection.HistoryStart);
        Assert.Empty(collection.Items);
        Assert.Empty(collection.Tombstones);
        Assert.Empty(await ListAsync(service));
    }

    [Fact]
    [Promise(
        Fix = "Raise the revision by one for each update with an effect, a reset too; never set it back. The epoch is 1-64 letters, "
            + "digits, - and _."
    )]
    public async Task EachEffectiveUpdateRaisesTheRevisionByOneInOneEpoch()
    {
        var service = await OpenAsync();
        var epoch = (await LoadAsync(service)).Position.Epoch;
        Assert.Matches(new Regex(@"\A[A-Za-z0-9_-]{1,64}\z"), epoch);

        ItemUpdate[] updates = [Insert("a"), Insert("a", "b"), Remove("a"), Reset("c"), Reset(), Insert("a")];
        for (var i = 0; i < updates.Length; i++)
        {
            var position = new Position(epoch, i + 1);
            Assert.Equal(new CommitResult(CommitStatus.Committed, position), await CommitAsync(service, updates[i]));
            Assert.Equal(position, (await LoadAsync(service)).Position);
        }
    }

    [Fact]
    [Promise(
        Fix = "Keep a Tombstone for each removal until its item is back; or keep none, and set HistoryStart to the last removal's revision "
            + "or later."
    )]
    public async Task RemovalsAreRememberedUntilTheItemIsBack()
    {
        var service = await OpenAsync();
        await CommitAsync(service, Insert("a", "b", "c"));
        await CommitAsync(service, Remove("a", "b"));
        await CommitAsync(service, Insert("a"));

        var collection = await LoadAsync(service);
        if (RemembersRemovals)
        {
            Assert.Equal([new Tombstone("b", 2)], collection.Tombstones);
            Assert.InRange(collection.HistoryStart, 0, 1);
        }
        else if (collection.HistoryStart < 2)
        {
            Assert.Fail("A service that remembers no removals must not claim a history from before them.");
        }
    }

    [Fact]
    [Promise(Fix = "Where old tombstones are dropped, raise HistoryStart to the revision of the newest one that is dropped.")]
    public async Task NoneOf40000RemovalsIsForgottenSilently()
    {
        const int Items = 40_000, Part = 5_000;
        string[] ids = [.. Enumerable.Range(0, Items).Select(n => $"item {n}")];
        var (service, model) = (await OpenAsync(), new Model());
        foreach (var part in ids.Chunk(4 * Part)) model.Apply(Insert(part), await CommitAsync(service, Insert(part)));
        foreach (var part in ids.Chunk(Part)) model.Apply(Remove(part), await CommitAsync(service, Remove(part)));
        model.AssertEqual(await LoadAsync(service), remembersRemovals: false);
    }

    [Fact]
    [Promise(Fix = "At a reset delete all tombstones, and set HistoryStart to its revision.")]
    public async Task AResetForgetsRemovalsAndBeginsTheHistory()
    {
        var service = await OpenAsync();
        await CommitAsync(service, Insert("a", "b"));
        await CommitAsync(service, Remove("a"));
        await CommitAsync(service, Reset("c"));
        await CommitAsync(service, Insert("d"));

        var collection = await LoadAsync(service);
        Assert.Empty(collection.Tombstones);
        Assert.InRange(collection.HistoryStart, 3, 4);
    }

    [SkippableFact]
    [Promise(
        Fix = "Store the epoch, the revisions, and what removals are remembered; make a new epoch only where history was lost.",
        Needs = Need.Durability)]
    public async Task AnEpochLastsAcrossReopening()
    {
        Skip.IfNot(IsDurable, "not tried: IsDurable is false");
        var service = await OpenAsync();
        await CommitAsync(service, Insert("a", "b"));
        var (_, position) = await CommitAsync(service, Remove("b"));
        var before = await LoadAsync(service);
        var nowhere = (await LoadAsync(service, new CollectionKey("app", "never written to"))).Position;

        service = await ReopenAsync(service);
        var after = await LoadAsync(service);
        Assert.Equal(position, after.Position);
        Assert.Equal(before.Tombstones, after.Tombstones);
        Assert.Equal(before.HistoryStart, after.HistoryStart);
        Assert.Equal(nowhere, (await LoadAsync(service, new CollectionKey("app", "never written to"))).Position);
        Assert.Equal(position with { Revision = 3 }, (await CommitAsync(service, Insert("b"))).Position);
    }

    [Fact]
    [Promise(Fix = "Make a new random epoch where the data may be gone, and keep it where they are there.")]
    public async Task WhatIsGoneAtReopeningIsAnotherEpoch()
    {
        var service = await OpenAsync();
        var (_, before) = await CommitAsync(service, Insert("a"));
        service = await ReopenAsync(service);
        var after = (await LoadAsync(service)).Position;
        Assert.Equal(IsDurable, after.Epoch == before.Epoch);
    }

    /// <summary>SHAREDSTATE_SEED repeats a run; a failure names its seed.</summary>
    [Fact]
    [Promise(Fix = "The message names a seed: SHAREDSTATE_SEED repeats the run under dotnet test. Mend the other promises first.")]
    public async Task ARandomRunAgreesWithTheModel()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("SHAREDSTATE_SEED"), out var given) ? given : Random.Shared.Next();
        try
        {
            await RunAsync(new Random(seed));
        }
        catch (Exception e)
        {
            throw new Xunit.Sdk.XunitException($"With the seed {seed}: {e.Message}", e);
        }
    }

    private async Task RunAsync(Random random)
    {
        string[] ids = [.. Enumerable.Range(0, 12).Select(n => $"id-{n}"), "A", "a", "a ", "ä", "a\u0308", "\0", "a\0b", "😀"];
        CollectionKey[] keys = [new("app", "one"), new("app", "two"), new("App", "one"), new("app ", "one")];
        var models = keys.ToDictionary(key => key, _ => new Model());
        var service = await OpenAsync();
        var epochs = new Dictionary<CollectionKey, string>();
        foreach (var key in keys) epochs.Add(key, (await LoadAsync(service, key)).Position.Epoch);
        for (var step = 0; step < 60; step++)
        {
            var batch = Enumerable.Range(0, random.Next(1, 8)).Select(_ => RandomUpdate()).ToArray();
            var results = await service.CommitAsync(batch, CancellationToken.None);
            for (var i = 0; i < batch.Length; i++) models[batch[i].Key].Apply(batch[i], results[i]);
            if (IsDurable && step % 20 == 19) service = await ReopenAsync(service);
            if (step % 5 > 0) continue;
            foreach (var key in keys) models[key].AssertEqual(await LoadAsync(service, key), RemembersRemovals);
        }

        ItemUpdate RandomUpdate()
        {
            var named = random.GetItems(ids, random.Next(0, 6)).Distinct().ToArray();
            var removed = random.Next(0, named.Length + 1);
            var reset = random.Next(20) == 0;
            var key = keys[random.Next(keys.Length)];
            return new ItemUpdate
            {
                Key = key,
                Expected = random.Next(6) == 0 ? new Position(epochs[key], models[key].Revision + random.Next(2)) : null,
                Reset = reset,
                Remove = reset ? [] : named[..removed],
                Insert = [.. named[removed..].Select(id => NewItem(id, random.Next()))],
            };
        }
    }
}
