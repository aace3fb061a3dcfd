using Microsoft.Extensions.Logging.Abstractions;
using SharedState.Host.Collections;
using SharedState.Host.Contents;
using SharedState.Host.Storages;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Storages;

/// <summary>Reads of a storage wait for each other, and those that gave up are gone.</summary>
public sealed class StorageReadsTests
{
    private static readonly CollectionKey A = new("app", "a");

    [Fact]
    public async Task ReadsThatGaveUpDoNotTakeTheRoomOfLaterOnes()
    {
        var hanging = new TaskCompletionSource();
        var storage = new MemoryStorage { BeforeLoad = (key, _) => key.Collection.StartsWith('h') ? hanging.Task : Task.CompletedTask };
        await using var service = await OpenAsync(storage, new() { StorageTime = TimeSpan.FromMilliseconds(300) });
        var hung = Enumerable.Range(0, 4).Select(n => service.LoadAsync(new("app", $"h{n}"))).ToArray(); // take all the room there is
        var gaveUp = Enumerable.Range(0, 20).Select(n => service.LoadAsync(new("app", $"a{n}"))).ToArray();
        foreach (var read in gaveUp) await Assert.ThrowsAsync<ItemServiceException>(() => read);
        hanging.SetResult();
        await Task.WhenAny(Task.WhenAll(hung)); // some of them may have given up, too

        // A read that gave up and was let in nevertheless would never leave: four of them would end all reads.
        for (var n = 0; n < 20; n++) Assert.Equal(0, (await service.LoadAsync(new("app", $"a{n}"))).Position.Revision);
    }

    [Fact]
    public async Task ACheckReadsACollectionThatIsBeingLoaded()
    {
        var (begun, loading) = (new TaskCompletionSource(), new TaskCompletionSource());
        var storage = new MemoryStorage
        {
            BeforeLoad = (_, _) => begun.TrySetResult() ? loading.Task : Task.CompletedTask,
        };
        await using var service = await OpenAsync(storage, new());
        var load = service.LoadAsync(A);
        await begun.Task;
        Assert.Equal("e1", (await service.LoadAsync(A, checking: true)).Position.Epoch);
        await Assert.ThrowsAsync<ItemServiceException>(() => service.LoadAsync(A)); // it is read once at a time
        loading.SetResult();
        await load;
    }

    [Fact]
    public void ALaneThatWaitsElsewhereMeanwhileIsResumedByThatCollectionOnly()
    {
        Collection first = NewCollection(A), second = NewCollection(new("app", "b"));
        var lane = new Lane(null!);
        first.WaitFor(lane);
        second.WaitFor(lane);
        Assert.False(second.Unused);
        Assert.Empty(first.TakeWaitingLanes());
        Assert.Equal([lane], second.TakeWaitingLanes());
        first.WaitFor(lane);
        Assert.Equal([lane], first.TakeWaitingLanes());
    }

    [Fact]
    public void AWantOfMemoryIsOverWhenTheCollectionWasRead()
    {
        var collection = NewCollection(A);
        collection.AwayBecause = Error.Memory;
        var log = new ItemLog(10);
        log.Load(new(new("e", 1), []));
        collection.Load(log);
        Assert.Equal(Error.StorageAway, collection.AwayBecause);
    }

    private static Collection NewCollection(CollectionKey key)
    {
        var limits = new Limits();
        return new(key, limits, new(limits.Memory, 1), new(1, _ => { }, TaskScheduler.Default), TimeProvider.System, new());
    }

    private static async Task<ServiceStorage> OpenAsync(MemoryStorage storage, Limits limits)
    {
        var context = new ItemServiceContext
        {
            ServiceName = "items",
            Config = new Dictionary<string, string>(),
            BaseDirectory = "/",
            Logger = NullLogger.Instance,
        };
        var service = new ServiceStorage(new(() => storage.CreateService(), context), limits, TimeProvider.System);
        await service.OpenAsync(CancellationToken.None);
        return service;
    }
}
