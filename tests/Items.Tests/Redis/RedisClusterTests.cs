using System.Globalization;
using StackExchange.Redis;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>Three servers that are one Cluster, each with a third of the slots.</summary>
public sealed class RedisClusterFixture : IAsyncLifetime
{
    private readonly List<RedisServer> _servers = [];

    public IReadOnlyList<RedisServer> Servers => _servers;

    public async Task InitializeAsync()
    {
        if (RedisServer.Missing is not null) return;
        for (var n = 0; n < 3; n++)
            _servers.Add(await RedisServer.StartAsync(["--cluster-enabled", "yes", "--cluster-port", $"{ServerProcess.FreePort()}"]));
        for (var n = 0; n < 3; n++)
            await _servers[n].ExecuteAsync("CLUSTER", "ADDSLOTSRANGE", n * 5461, n == 2 ? 16383 : (n * 5461) + 5460);
        foreach (var server in _servers.Skip(1))
        {
            var bus = (string?)(await server.ExecuteAsync("CONFIG", "GET", "cluster-port"))[1];
            await _servers[0].ExecuteAsync("CLUSTER", "MEET", "127.0.0.1", server.Port, bus!);
        }
        var deadline = DateTime.UtcNow.AddSeconds(20);
        foreach (var server in _servers)
        {
            while (!((string)(await server.ExecuteAsync("CLUSTER", "INFO"))!).Contains("cluster_state:ok", StringComparison.Ordinal)
                || !((string)(await server.ExecuteAsync("CLUSTER", "INFO"))!).Contains("cluster_known_nodes:3", StringComparison.Ordinal))
            {
                Assert.True(DateTime.UtcNow < deadline, "the Cluster forms");
                await Task.Delay(50);
            }
        }
    }

    public async Task DisposeAsync()
    {
        foreach (var server in _servers) await server.DisposeAsync();
    }

    /// <summary>A service's configuration, which names one of the servers; the others are found.</summary>
    public Dictionary<string, string> Config(string prefix) =>
        new(_servers[0].Config(name: prefix))
        {
            ["db_host"] = string.Join(
                ',', _servers.Take(2).Select(server => $"127.0.0.1:{server.Port.ToString(CultureInfo.InvariantCulture)}")),
        };
}

/// <summary>The contract's tests, and what is particular, on a Cluster.</summary>
public sealed class RedisClusterTests(RedisClusterFixture cluster) : RedisTests, IClassFixture<RedisClusterFixture>
{
    public static TheoryData<string> Tests => [.. ConformanceRun.NamesWithFeed];

    [RedisTheory]
    [MemberData(nameof(Tests))]
    public Task AClusterKeepsThePromise(string test) => ConformanceRun.RunAsync(new RedisConformance(cluster.Config), test);

    [RedisFact]
    public async Task CollectionsAreSpreadAndABatchOverAllOfThemIsStored()
    {
        var service = await OpenAsync(cluster.Config("spread"));
        Assert.Contains("a Cluster of 3 masters", Assert.Single(Log.Of(Opened)));
        var results = await service.CommitAsync(
            [.. Enumerable.Range(0, 300).Select(n => new ItemUpdate { Key = new("app", $"{n % 100}"), Insert = [NewItem($"{n}")] })],
            CancellationToken.None);
        Assert.Equal(
            Enumerable.Range(0, 300).Select(n => (CommitStatus.Committed, (n / 100) + 1L)),
            results.Select(result => (result.Status, result.Position.Revision)));
        foreach (var server in cluster.Servers) Assert.InRange(server.Admin.Keys(pattern: "{spread:items:*:items:*").Count(), 15, 60);
    }

    [RedisFact]
    public async Task APartThatCantBeStoredLeavesTheOutcomeOfTheBatchOpen()
    {
        var service = await OpenAsync(cluster.Config("partly"));
        ItemUpdate[] batch =
        [
            .. Enumerable.Range(0, 100).Select(n => new ItemUpdate { Key = new("app", $"{n}"), Insert = [NewItem("a")] }),
        ];
        var server = cluster.Servers[2];
        await server.ExecuteAsync("CONFIG", "SET", "maxmemory", "1mb");
        try
        {
            var fault = await Assert.ThrowsAsync<ItemServiceException>(() => service.CommitAsync(batch, CancellationToken.None).AsTask());
            Assert.Equal(ItemServiceFault.OutcomeUnknown, fault.Fault);
            Assert.Contains("a part of a batch was stored", fault.Message);
        }
        finally
        {
            await server.ExecuteAsync("CONFIG", "SET", "maxmemory", "0");
        }

        // What was stored is stored once, also when all of it is committed again.
        foreach (var result in await service.CommitAsync(batch, CancellationToken.None)) Assert.InRange(result.Position.Revision, 1, 2);
    }

    [RedisFact]
    public async Task WhatOneHostCommitsIsToldToAnotherFromAllServersAndRead()
    {
        var (one, two) = (await OpenAsync(cluster.Config("feed")), await OpenAsync(cluster.Config("feed")));
        CollectionKey[] keys = [.. Enumerable.Range(0, 100).Select(n => new CollectionKey("app", $"{n}"))];
        CollectionPosition[] before =
        [
            .. await Task.WhenAll(keys.Select(async key => new CollectionPosition(key, (await LoadAsync(two, key)).Position))),
        ];
        await using var lists = Watch(two);
        Assert.Empty(await NextAsync(lists));
        for (var n = 1; n <= 30; n++)
        {
            await one.CommitAsync(
                [.. keys.Select(key => new ItemUpdate { Key = key, Insert = [NewItem($"{n}")] })], CancellationToken.None);
            var told = await NextAsync(lists);
            Assert.Equal(before.Select(at => at with { Position = at.Position with { Revision = n } }).ToHashSet(), told.ToHashSet());
        }
        var answers = await two.ReadAsync(before, CancellationToken.None);
        Assert.All(
            answers, commits => Assert.Equal(Enumerable.Range(1, 30).Select(n => (long)n), commits!.Select(commit => commit.Revision)));
    }

    [RedisFact]
    public async Task AMessageThatIsLostBetweenTheServersIsNoticed()
    {
        var service = await OpenAsync(cluster.Config("holes"));
        foreach (var bucket in new SharedState.Items.Redis.Layout("holes:items").All.Where((_, number) => number % 20 == 3))
        {
            await using var lists = Watch(service);
            Assert.Empty(await NextAsync(lists));
            await UntilAsync(() => TryCountAsync(bucket.Mark), "the bucket's server is connected");
            var fault = await Assert.ThrowsAsync<ItemServiceException>(() => NextAsync(lists));
            Assert.Equal(ItemServiceFault.Unavailable, fault.Fault);
        }
    }

    [RedisFact]
    public async Task WhileASlotMovesNothingIsHalfStoredAndReadsGoOn()
    {
        var service = await OpenAsync(cluster.Config("moves"));
        var bucket = new SharedState.Items.Redis.Layout("moves:items").All[0];
        CollectionKey[] keys = [.. Enumerable.Range(0, 1000).Select(n => new CollectionKey("app", $"{n}"))
            .Where(key => new SharedState.Items.Redis.Layout("moves:items").Of(key).Bucket.Number == bucket.Number).Take(3)];

        // Of the first collection every key is there, and every key of the bucket, by a second one that was emptied. Of the third there is
        // none.
        await CommitAsync(service, new ItemUpdate { Key = keys[0], Insert = [NewItem("a"), NewItem("b")] });
        var before = await CommitAsync(service, new ItemUpdate { Key = keys[0], Remove = ["b"] });
        await CommitAsync(service, new ItemUpdate { Key = keys[1], Insert = [NewItem("a")] });
        await CommitAsync(service, new ItemUpdate { Key = keys[1], Reset = true });

        var slot = (int)await cluster.Servers[0].ExecuteAsync("CLUSTER", "KEYSLOT", (string)bucket.Mark!);
        var (from, to) = (cluster.Servers[slot / 5461 % 3], cluster.Servers[((slot / 5461) + 1) % 3]);
        var id = (string)(await from.ExecuteAsync("CLUSTER", "MYID"))!;
        await to.ExecuteAsync("CLUSTER", "SETSLOT", slot, "IMPORTING", id);
        await from.ExecuteAsync("CLUSTER", "SETSLOT", slot, "MIGRATING", (string)(await to.ExecuteAsync("CLUSTER", "MYID"))!);
        try
        {
            var faults = new List<ItemServiceException>();
            foreach (var key in new[] { keys[0], keys[2] })
            {
                var update = new ItemUpdate { Key = key, Reset = true, Insert = [NewItem("c")] };
                faults.Add(await Assert.ThrowsAsync<ItemServiceException>(() => CommitAsync(service, update)));
            }
            var during = await LoadAsync(service, keys[0]);
            Assert.Equal(before.Position, during.Position);
            Assert.Equal(["a"], during.Items.Select(item => item.Id));
            Assert.All(faults, fault => Assert.Equal(ItemServiceFault.Unavailable, fault.Fault));
            Assert.All(faults, fault => Assert.Contains("is being moved", fault.Message));
        }
        finally
        {
            await from.ExecuteAsync("CLUSTER", "SETSLOT", slot, "STABLE");
            await to.ExecuteAsync("CLUSTER", "SETSLOT", slot, "STABLE");
        }
        var after = await CommitAsync(service, new ItemUpdate { Key = keys[0], Reset = true, Insert = [NewItem("c")] });
        Assert.Equal(before.Position with { Revision = 3 }, after.Position);
        Assert.Equal(["c"], await IdsAsync(service, keys[0]));
    }

    [RedisFact]
    public async Task AServerThatWentBackBeginsOneNewEpochInEachBucketOfTheCluster()
    {
        var service = await OpenAsync(cluster.Config("back"));
        CollectionKey[] keys = [.. Enumerable.Range(0, 300).Select(n => new CollectionKey("app", $"{n}"))];
        await service.CommitAsync([.. keys.Select(key => new ItemUpdate { Key = key, Insert = [NewItem("a")] })], CancellationToken.None);
        var layout = new SharedState.Items.Redis.Layout("back:items");
        foreach (var bucket in layout.All.Where(bucket => cluster.Servers[1].Admin.Multiplexer.HashSlot(bucket.Mark) / 5461 == 1))
            await cluster.Servers[1].ExecuteAsync("HSET", (string)bucket.Mark!, "commits", 0);

        var before = await WritesOfMarksAsync();
        await Task.WhenAll(keys.Select(key => LoadAsync(service, key)));
        Assert.Equal(layout.All.Count, await WritesOfMarksAsync() - before);
        Assert.Single(Log.Of(HistoryReplaced));
    }

    /// <summary>How often the servers of the Cluster ran HSET, scripts included: a load writes nothing but the marks of new
    /// epochs.</summary>
    private async Task<int> WritesOfMarksAsync()
    {
        var sum = 0;
        foreach (var server in cluster.Servers)
        {
            var line = (await server.Admin.InfoRawAsync("commandstats"))!.Split('\n').FirstOrDefault(text => text.StartsWith("cmdstat_hset:"));
            sum += line is null ? 0 : int.Parse(line.Split("calls=")[1].Split(',')[0], CultureInfo.InvariantCulture);
        }
        return sum;
    }

    private async Task<bool> TryCountAsync(RedisKey mark)
    {
        try
        {
            await cluster.Servers[0].Admin.Multiplexer.GetDatabase().HashIncrementAsync(mark, "told");
            return true;
        }
        catch (RedisConnectionException)
        {
            return false; // and nothing was counted
        }
    }

    [RedisFact]
    public async Task ADatabasesNumberIsRefused()
    {
        var config = cluster.Config("3");
        var refusal = await RefusedAsync(config);
        Assert.Equal((ItemServiceFault.Config, "db_name"), (refusal.Fault, refusal.ConfigKey));
    }
}
