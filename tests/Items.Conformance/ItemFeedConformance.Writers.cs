using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Xunit;

namespace SharedState.Items.Conformance;

/// <content>Several services write to one storage at a time.</content>
public abstract partial class ItemFeedConformance
{
    [Fact]
    [Promise(Fix = "Check Expected and commit in one transaction that other writers cannot come between: lock the collection's row first.")]
    public async Task OfTwoConditionalCommitsExactlyOneWins()
    {
        const int Rounds = 30;
        var services = await OpenAsync(2);
        for (var round = 0; round < Rounds; round++)
        {
            var position = (await LoadAsync(services[round % 2])).Position;
            var commits = services.Select((service, n) => Task.Run(() => CommitAsync(service, Expecting(position, $"{round} at {n}"))));
            var results = await Task.WhenAll(commits);
            Assert.Equal([CommitStatus.Committed, CommitStatus.Conflict], results.Select(result => result.Status).Order());
            Assert.All(results, result => Assert.Equal(position with { Revision = round + 1 }, result.Position));
        }
        Assert.Equal(
            Enumerable.Range(0, Rounds), (await LoadAsync(services[0])).Items.Select(item => int.Parse(item.Id.Split(' ')[0])).Order());
    }

    [Fact]
    [Promise(Fix = "Take a lock on the collection, or a serializable transaction, before its revision is read; give each revision once.")]
    public async Task WritersAtOnceLoseNothingAndTearNothing()
    {
        const int Batches = 60;
        var services = await OpenAsync(4);
        var watcher = services[3];
        var copies = await CopiesAsync(watcher, _keys);
        await using var watch = NewWatch(watcher);
        await watch.NextAsync();

        // Each update writes one value to several items, and no other update writes that value: the revision that it led to must be its
        // own, and tell of it alone.
        var written = new ConcurrentDictionary<CollectionPosition, int>();
        var writing = Task.WhenAll(services[..3].Select((service, writer) => Task.Run(async () =>
        {
            var random = new Random(writer);
            for (var n = 0; n < Batches; n++)
            {
                var value = (writer * Batches) + n;
                ItemUpdate[] batch = [.. random.GetItems(_keys, 3).Distinct().Select(key => InsertInto(key, [.. "abcde".Select(id => NewItem($"{id}", value))]))];
                var results = await service.CommitAsync(batch, CancellationToken.None);
                for (var i = 0; i < batch.Length; i++) Assert.True(written.TryAdd(new(batch[i].Key, results[i].Position), value), $"{results[i].Position} was given twice.");
            }
        })));
        while (!writing.IsCompleted) await FollowAsync();
        await writing;
        await FollowAsync();

        foreach (var copy in copies)
        {
            var revisions = written.Keys.Where(at => at.Key == copy.Key).Select(at => at.Position.Revision).Order().ToArray();
            Assert.Equal(Enumerable.Range(1, revisions.Length).Select(revision => (long)revision), revisions);
            Assert.Equal(revisions.Length, copy.Position.Revision);
            foreach (var commit in copy.Commits)
            {
                var value = written[new(copy.Key, copy.Position with { Revision = commit.Revision })];
                Assert.Equal(
                    "abcde".Select(id => Text(NewItem($"{id}", value).Json)),
                    commit.Update.Insert.OrderBy(item => item.Id).Select(item => Text(item.Json)));
            }
        }

        // All hosts show the same.
        foreach (var service in services) await AssertReadToEndAsync(service, copies);

        async Task FollowAsync()
        {
            await watch.NextAsync();
            while (copies.Where(Behind).ToArray() is { Length: > 0 } behind)
                Assert.True(await Copy.ReadAsync(watcher, behind), "What a list names is not there.");
        }

        bool Behind(Copy copy) => watch.Told.Any(told => told.Key == copy.Key && told.Position.Revision > copy.Position.Revision);
    }

    [Fact]
    [Promise(Fix = "Check Expected and commit in one transaction, and answer Conflict rather than throw when another writer was faster.")]
    public async Task ConditionalCommitsOfManyWritersCountRightly()
    {
        // Each adds one to the number that it read: where two built on the same one, it ends too low.
        const int Each = 15;
        var services = await OpenAsync(3);
        await Task.WhenAll(services.Select(service => Task.Run(async () =>
        {
            var added = 0;
            for (var attempt = 0; added < Each; attempt++)
            {
                Assert.True(attempt < 10_000, "Of many conditional commits none wins.");
                var collection = await LoadAsync(service);
                var number = collection.Items.Count == 0 ? 0 : JsonDocument.Parse(collection.Items[0].Json).RootElement.GetProperty("value").GetInt32();
                var update = new ItemUpdate { Key = _key, Insert = [NewItem("n", number + 1)], Expected = collection.Position };
                if ((await CommitAsync(service, update)).Status == CommitStatus.Committed) added++;
            }
        })));
        var item = Assert.Single((await LoadAsync(services[0])).Items);
        Assert.Equal((3 * Each, Text(NewItem("n", 3 * Each).Json)), (item.Revision, Text(item.Json)));
    }

    /// <summary>SHAREDSTATE_SEED repeats what is written, if not who comes first; a failure names its seed.</summary>
    [Fact]
    [Promise(Fix = "The message names a seed: SHAREDSTATE_SEED repeats what is written. Mend the other promises of the feed first.")]
    public Task ARandomRunOfSeveralServicesIsReadAsItWasCommitted() => SeededAsync(async random =>
    {
        var unusual = new UnusualItems(random);
        var services = await OpenAsync(3);
        var copies = new Copy[services.Length][];
        for (var i = 0; i < services.Length; i++) copies[i] = await CopiesAsync(services[i], _keys);
        var epochs = copies[0].ToDictionary(copy => copy.Key, copy => copy.Position.Epoch);
        var models = _keys.ToDictionary(key => key, _ => new Model());
        for (var step = 0; step < 40; step++)
        {
            // All write at once; the revisions say in which order that was. What had no effect found the collection as the commit of its
            // revision left it.
            ItemUpdate[][] batches = [.. services.Select(_ => Enumerable.Range(0, random.Next(1, 6)).Select(_ =>
                RandomUpdate()).ToArray())];
            var results = await Task.WhenAll(services.Zip(batches, (service, batch) => Task.Run(async () =>
                batch.Zip(await service.CommitAsync(batch, CancellationToken.None)))));
            var ordered = results.SelectMany(result => result).OrderBy(pair => pair.Second.Position.Revision).ThenBy(pair =>
                pair.Second.Status == CommitStatus.Committed ? 0 : 1);
            foreach (var (update, result) in ordered) models[update.Key].Apply(update, result);

            var reader = random.Next(services.Length);
            await Copy.ReadToEndAsync(services[reader], random.GetItems(copies[reader], random.Next(1, _keys.Length)).Distinct().ToArray());
            if (step % 10 == 9) await AssertAllReadAsync();
        }

        async Task AssertAllReadAsync()
        {
            for (var i = 0; i < services.Length; i++) await AssertReadToEndAsync(services[i], copies[i]);
            foreach (var key in _keys) models[key].AssertEqual(await LoadAsync(services[0], key), RemembersRemovals);
        }

        ItemUpdate RandomUpdate()
        {
            var key = _keys[random.Next(_keys.Length)];
            var reset = random.Next(20) == 0;
            Item[] items = [.. Enumerable.Range(0, random.Next(4)).Select(_ => RandomItem()).DistinctBy(item => item.Id)];
            var ids = models[key].Ids.Append("nothing").ToArray();
            return new ItemUpdate
            {
                Key = key,
                Reset = reset,
                Remove = reset ? [] : [.. random.GetItems(ids, random.Next(4)).Distinct().Except(items.Select(item => item.Id))],
                Insert = items,
                Expected = random.Next(8) == 0 ? new Position(epochs[key], models[key].Revision + random.Next(2)) : null,
            };
        }

        Item RandomItem()
        {
            if (random.Next(2) == 0)
                return NewItem(random.GetItems(["a", "A", "a ", "ä", "a\u0308", "\0", "a\0b", "😀"], 1)[0], random.Next());
            var (id, json) = unusual.Next();
            return new Item(id, Encoding.UTF8.GetBytes(json));
        }
    });
}
