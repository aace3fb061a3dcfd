using System.Globalization;
using SharedState.Items.Redis;
using StackExchange.Redis;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>What stands in Redis: enough for followers, bounded, and read and written by few commands.</summary>
public sealed class RedisLayoutTests : RedisTests
{
    private static readonly CollectionKeys _keys = new Layout("items").Of(Key);

    [RedisFact]
    public async Task TheChangesTellEveryRevisionInOrder()
    {
        var server = await StartAsync();
        var service = await OpenAsync(server);
        var random = new Random(1);
        for (var n = 0; n < 60; n++)
        {
            string[] ids = [.. random.GetItems(Enumerable.Range(0, 15).ToArray(), 4).Distinct().Select(id => $"{id}")];
            var removed = random.Next(ids.Length);
            var reset = random.Next(15) == 0;
            await service.CommitAsync(
                [
                    new() { Key = Key, Reset = reset, Remove = reset ? [] : ids[..removed], Insert = [.. ids[removed..].Select(id => NewItem(id, $"{n}"))] },
                    new() { Key = Key, Insert = [NewItem("twice", $"{n}")] },
                ],
                CancellationToken.None);
        }

        var follower = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var revision = 0L;
        foreach (var change in await server.Database.StreamRangeAsync(_keys.Changes))
        {
            Assert.Equal(++revision, long.Parse(((string)change.Id!).Split('-')[0], CultureInfo.InvariantCulture));
            Assert.Equal("b", change.Values[0].Name);
            foreach (var (name, value) in change.Values.Skip(1).Select(field => ((string)field.Name!, (string)field.Value!)))
            {
                if (name == "*") follower.Clear();
                else if (name[0] == '-') Assert.True(follower.Remove(name[1..]));
                else follower[name[1..]] = value;
            }
        }
        var collection = await LoadAsync(service);
        Assert.Equal(collection.Position.Revision, revision);
        Assert.Equal(
            collection
                .Items.OrderBy(item => item.Id, StringComparer.Ordinal)
                .Select(item => System.Text.Encoding.UTF8.GetString(item.Json.Span)),
            follower.Values);
    }

    [RedisFact]
    public async Task TheChangesAreBoundedByNumberAndByBytes()
    {
        var server = await StartAsync();
        var service = await OpenAsync(server, options => options with { ChangesKept = 200, ChangesBytes = 50_000, ChangeBytes = 5_000 });
        for (var n = 0; n < 1_500; n++) await InsertAsync(service, "a");
        Assert.InRange(await server.Database.StreamLengthAsync(_keys.Changes), 200, 400);

        var text = new string('x', 1_000);
        for (var n = 0; n < 300; n++)
        {
            await CommitAsync(service, new ItemUpdate { Key = Key, Insert = [NewItem("a", text)] });
            Assert.InRange(await server.Database.StreamLengthAsync(_keys.Changes), 1, 400);
        }
        var changes = await server.Database.StreamRangeAsync(_keys.Changes);
        Assert.InRange(changes.Sum(change => change.Values.Sum(field => field.Name.Length() + field.Value.Length())), 10_000, 50_000);
        Assert.Equal(1_800, long.Parse(((string)changes[^1].Id!).Split('-')[0], CultureInfo.InvariantCulture));

        await CommitAsync(service, new ItemUpdate { Key = Key, Insert = [NewItem("large", new string('x', 5_000))] });
        Assert.Equal(
            ["b", "!"],
            (await server.Database.StreamRangeAsync(_keys.Changes, messageOrder: Order.Descending, count: 1))[0]
                .Values.Select(field => (string)field.Name!));
    }

    [RedisFact]
    public async Task RemovalsAreForgottenOldestFirstWithTheHistoryTelling()
    {
        var service = await OpenAsync(await StartAsync(), options => options with { RemovalsKept = 20 });
        for (var n = 0; n < 100; n++)
        {
            await service.CommitAsync(
                [new() { Key = Key, Insert = [NewItem($"{n}")] }, new() { Key = Key, Remove = [$"{n}"] }], CancellationToken.None);
            var collection = await LoadAsync(service);
            Assert.InRange(collection.Tombstones.Count, Math.Min(n + 1, 15), 20);
            var remembered = collection.Tombstones.Select(removal => removal.Revision).ToHashSet();
            for (var revision = collection.HistoryStart + 1; revision <= collection.Position.Revision; revision++)
                if (revision % 2 == 0) Assert.Contains(revision, remembered);
        }
        Assert.InRange((await LoadAsync(service)).HistoryStart, 160, 175);
    }

    [RedisFact]
    public async Task ACommitOverManyCollectionsIsOneScriptAndIsToldOnce()
    {
        var server = await StartAsync();
        var service = await OpenAsync(server);
        await InsertAsync(service, "a");
        var told = new List<string>();
        var subscriber = server.Admin.Multiplexer.GetSubscriber();
        await subscriber.SubscribeAsync(RedisChannel.Literal("items:commits:0"), (_, message) =>
        {
            lock (told) told.Add((string)message!);
        });
        await server.ExecuteAsync("CONFIG", "RESETSTAT");
        var results = await service.CommitAsync(
            [.. Enumerable.Range(0, 1_000).Select(n => new ItemUpdate { Key = new("app", $"{n % 100}"), Insert = [NewItem($"{n}")] })],
            CancellationToken.None);
        Assert.All(results, result => Assert.Equal(CommitStatus.Committed, result.Status));
        Assert.Equal(1, await CallsAsync(server, "evalsha") + await CallsAsync(server, "eval"));
        await UntilAsync(() => Task.FromResult(told.Count == 1), "it is told");
        var epochs = Enumerable.Range(0, 100).Select(n => results[n].Position.Epoch);
        var lines = told[0].Split('\n').Select(line => line.Split(' ')).ToArray();
        Assert.Equal("2", lines[0][3]); // the second message
        Assert.Equal([.. epochs.Select((epoch, n) => $"{epoch} 10 app/{n}")], lines[1..].Select(line => $"{line[0]} {line[2]} {line[3]}"));

        await LoadAsync(service, new("app", "1"));
        await foreach (var _ in service.ListAsync("app", CancellationToken.None))
        {
            // Only what it takes counts.
        }
        Assert.Equal(0, await CallsAsync(server, "keys") + await CallsAsync(server, "scan"));
    }

    [RedisFact]
    public async Task AForgottenCollectionLeavesNoKey()
    {
        var server = await StartAsync();
        var service = await OpenAsync(server);
        await InsertAsync(service, "a", "b");
        await CommitAsync(service, new ItemUpdate { Key = Key, Remove = ["a"] });
        var (_, at) = await CommitAsync(service, new ItemUpdate { Key = Key, Remove = ["b"] });
        var before = await server.Database.ExecuteAsync("DBSIZE");
        Assert.True(await service.ForgetAsync(Key, at, CancellationToken.None));
        // Meta, removals, changes, and the set of emptied ones.
        Assert.Equal((long)before - 4, (long)await server.Database.ExecuteAsync("DBSIZE"));
        foreach (var key in new[] { _keys.Meta, _keys.Items, _keys.Removals, _keys.Changes })
            Assert.False(await server.Database.KeyExistsAsync(key));
    }

    [RedisFact]
    public async Task TheChangesOfAnEmptiedCollectionExpireUnlessItIsUsedAgain()
    {
        var server = await StartAsync();
        var service = await OpenAsync(server, options => options with { EmptiedTime = TimeSpan.FromSeconds(1) });
        var other = new CollectionKey("app", "other");
        foreach (var key in new[] { Key, other })
        {
            await CommitAsync(service, new ItemUpdate { Key = key, Insert = [NewItem("a", new string('x', 10_000))] });
            await CommitAsync(service, new ItemUpdate { Key = key, Reset = true });
        }
        var (_, again) = await CommitAsync(service, new ItemUpdate { Key = other, Insert = [NewItem("b")] });
        await UntilAsync(async () => !await server.Database.KeyExistsAsync(_keys.Changes), "the changes are gone");
        var kept = new Layout("items").Of(other).Changes;
        Assert.Equal(3, await server.Database.StreamLengthAsync(kept));
        Assert.Null(await server.Database.KeyTimeToLiveAsync(kept));

        // What is gone is answered with null, and what comes then is told.
        var position = again with { Revision = 2, Epoch = (await LoadAsync(service)).Position.Epoch };
        Assert.Null(await ReadAsync(service, position with { Revision = 1 }));
        Assert.Empty((await ReadAsync(service, position))!);
        await InsertAsync(service, "c");
        Assert.Equal(3, Assert.Single((await ReadAsync(service, position))!).Revision);
    }

    [RedisFact]
    public async Task TwoHostsThatWriteToOneCollectionLoseNothing()
    {
        var server = await StartAsync();
        RedisItemService[] hosts = [await OpenAsync(server), await OpenAsync(server), await OpenAsync(server)];
        var revisions = await Task.WhenAll(hosts.Select((host, number) => Task.Run(async () =>
        {
            var own = new List<long>();
            for (var n = 0; n < 100; n++) own.Add((await InsertAsync(host, $"{number}-{n}")).Revision);
            return own;
        })));
        Assert.Equal(Enumerable.Range(1, 300).Select(n => (long)n), revisions.SelectMany(own => own).Order());
        Assert.All(hosts, host => Assert.Equal(300, LoadAsync(host).Result.Items.Count));
        Assert.Single(await server.Database.StreamRangeAsync(_keys.Changes, count: 1));
    }

    [RedisFact]
    public async Task WhatAnotherProgramWroteAmongTheItemsIsLeftOut()
    {
        var server = await StartAsync();
        var service = await OpenAsync(server);
        await InsertAsync(service, "a");
        await server.Database.HashSetAsync(_keys.Items, [new("b", "no revision"), new(new byte[] { 0xff }, "1 {}"), new("c", "1")]);
        Assert.Equal(["a"], await IdsAsync(service));
        Assert.Contains("3 fields", Assert.Single(Log.Of(FieldsLeftOut)));
    }

    [RedisFact]
    public async Task ANewerLayoutIsRefusedUntouched()
    {
        var server = await StartAsync();
        await server.Database.HashSetAsync("{items:0}:mark", [new("format", "2"), new("epoch", "e")]);
        var refusal = await RefusedAsync(server.Config());
        Assert.Equal(ItemServiceFault.Unusable, refusal.Fault);
        Assert.Contains("newer version", refusal.Message);
        Assert.Equal("e", await server.Database.HashGetAsync("{items:0}:mark", "epoch"));
    }

    private static async Task<long> CallsAsync(RedisServer server, string command) =>
        (await server.Admin.InfoRawAsync("commandstats"))!
            .Split('\n')
            .Where(line => line.StartsWith($"cmdstat_{command}:", StringComparison.Ordinal))
            .Sum(line => long.Parse(line.Split('=', ',')[1], CultureInfo.InvariantCulture));
}
