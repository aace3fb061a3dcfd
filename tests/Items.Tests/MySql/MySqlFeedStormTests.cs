using SharedState.Items.MySql;
using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>Several hosts that write to the same collections at once and follow each other, while the server is killed.</summary>
public sealed class MySqlFeedStormTests : MySqlTests
{
    private const int Hosts = 3, Seconds = 4;

    private static readonly CollectionKey[] _keys = [.. Enumerable.Range(0, 5).Select(n => new CollectionKey("app", $"{n}"))];

    private MariaDbServer _server = null!;

    protected override async Task<MariaDbServer> ServerAsync() => _server = await MariaDbServer.StartAsync();

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _server.DisposeAsync();
    }

    [MariaDbTheory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task AllSeeTheSameUpdatesInTheSameOrderAndNothingIsLost(int kills)
    {
        var services = await Task.WhenAll(Enumerable.Range(0, Hosts).Select(_ => OpenAsync()));
        var followers = services.Select(service => new Follower(service)).ToArray();
        foreach (var follower in followers)
        {
            foreach (var key in _keys) await follower.LoadAsync(key);
        }
        using var storm = new CancellationTokenSource();
        using var end = new CancellationTokenSource();
        var writing = services.Select((service, host) => Task.Run(() => WriteAsync(service, host, storm.Token))).ToArray();
        var following = followers.Select(follower => Task.Run(() => FollowAsync(follower, end.Token))).ToArray();
        for (var kill = 0; kill < kills; kill++)
        {
            await Task.Delay(TimeSpan.FromSeconds(Seconds) / (kills + 1)); // of the storm
            await _server.KillAsync();
            await _server.StartAgainAsync();
        }
        await Task.Delay(TimeSpan.FromSeconds(Seconds) / (kills + 1));
        await storm.CancelAsync();
        var acknowledged = (await Task.WhenAll(writing)).SelectMany(written => written).ToArray();
        await end.CancelAsync();
        await Task.WhenAll(following);

        // :: At rest all have what storage has, and what was acknowledged is there at its revision.
        foreach (var follower in followers) await follower.CatchUpAsync();
        foreach (var key in _keys)
        {
            var stored = await LoadAsync(services[0], key);
            foreach (var follower in followers)
            {
                Assert.Equal(stored.Position, follower.Collections[key].Position);
                Assert.Equal(Texts(stored), follower.Collections[key].Items.Values.Order(StringComparer.Ordinal));
            }
        }
        Assert.Equal(acknowledged.Length, acknowledged.Select(write => (write.Key, write.Position)).Distinct().Count());
        Assert.True(acknowledged.Length > 100, $"only {acknowledged.Length} updates");
        foreach (var (key, position, text) in acknowledged)
        {
            foreach (var follower in followers)
            {
                if (follower.Applied.TryGetValue((key, position), out var applied)) Assert.EndsWith(text, applied);
            }
        }

        // :: The same everywhere; without a kill, all of it.
        var all = followers.SelectMany(follower => follower.Applied).GroupBy(update => update.Key).ToArray();
        Assert.All(all, update => Assert.Single(update.Select(one => one.Value).Distinct()));
        if (kills > 0) return;
        Assert.All(all, update => Assert.Equal(Hosts, update.Count()));
        Assert.Equal(acknowledged.Length, all.Length);
        Assert.All(followers, follower => Assert.Equal(_keys.Length, follower.Loads));
    }

    /// <summary>
    /// The server shows a commit before it has written its log, here up to a second before: what was shown must be there also if it is
    /// killed then.
    /// </summary>
    [MariaDbTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WhatWasReadIsStillThereWhenTheServerIsKilledAfterIt(bool byLoading)
    {
        var (writer, reader) = (await OpenAsync(), await OpenAsync());
        await using var follower = new Follower(reader);
        for (var n = 0; n < 3; n++)
        {
            var before = await InsertAsync(writer, "a");
            await _server.SqlAsync("SET GLOBAL innodb_flush_log_at_trx_commit = 0");
            var seen = await InsertAsync(writer, "b");
            await _server.SqlAsync("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
            if (byLoading) Assert.Equal(seen, (await LoadAsync(reader)).Position);
            else Assert.Single((await follower.ReadAsync(Key, before))!);
            await _server.KillAsync();
            await _server.StartAgainAsync();
            Assert.Equal(seen, (await LoadAsync(reader)).Position);
        }
    }

    private static async Task<List<(CollectionKey Key, Position Position, string Text)>> WriteAsync(
        MySqlItemService service, int host, CancellationToken stop)
    {
        var written = new List<(CollectionKey, Position, string)>();
        for (var n = 0; !stop.IsCancellationRequested; n++)
        {
            // Several collections at once, in another order in each host; of each item, the id is reused, so that hosts replace each
            // other's.
            ItemUpdate[] batch = [.. _keys.Where((_, at) => (at + n + host) % 3 != 0).Select(key => new ItemUpdate
            {
                Key = key,
                Reset = n % 50 == 49,
                Remove = n % 50 == 49 ? [] : [$"{(n + 1) % 20}"],
                Insert = [new Item($"{n % 20}", System.Text.Encoding.UTF8.GetBytes($$"""{"id":"{{n % 20}}","host":{{host}},"n":{{n}}}"""))],
            })];
            if (host % 2 == 1) Array.Reverse(batch);
            try
            {
                var results = await service.CommitAsync(batch, CancellationToken.None);
                written.AddRange(batch.Select((update, at) => (update.Key, results[at].Position, Follower.Text(update.Insert[0].Json))));
            }
            catch (ItemServiceException e) when (e.IsTransient)
            {
                await Task.Delay(10, CancellationToken.None); // the server is away
            }
        }
        return written;
    }

    private static async Task FollowAsync(Follower follower, CancellationToken stop)
    {
        for (var missed = false; !stop.IsCancellationRequested;)
        {
            try
            {
                var list = await follower.NextAsync();
                await follower.CatchUpAsync(missed ? null : [.. list.Select(one => one.Key)]);
                missed = false;
            }
            catch (ItemServiceException e) when (e.IsTransient)
            {
                await follower.RestartAsync();
                missed = true;
            }
        }
    }
}
