using System.Diagnostics;
using SharedState.Items.MySql;
using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>Transactions that overtake each other, hang or are lost, and commits that are too old.</summary>
public sealed class MySqlFeedFaultTests : MySqlTests
{
    private static readonly CollectionKey _other = Key with { Collection = "other" };

    /// <summary>A commit to the collection, as a host makes it, but for its COMMIT.</summary>
    private const string Begun = """
        START TRANSACTION; UPDATE items__collections SET revision = 2 WHERE app = 'app' AND chnl = 'collection';
        INSERT INTO items__commits (collection, revision) VALUES ((SELECT collection FROM items__collections WHERE app = 'app' AND chnl = 'collection'), 2)
        """;

    [MariaDbFact]
    public async Task ACommitThatIsOvertakenByAnotherIsToldWhenItComesIntoSight()
    {
        var (service, follower, slow) = await BeginAsync();
        await using (follower)
        await using (slow)
        {
            await CommitAsync(service, new ItemUpdate { Key = _other, Insert = [NewItem("a")] });
            await follower.UntilAsync(() => follower.Told.ContainsKey(_other));
            for (var n = 0; n < 20; n++) await follower.NextAsync();
            Assert.Equal(1, follower.Told[Key].Revision);
            await MariaDbServer.SqlAsync(slow, "COMMIT");
            await follower.NextAsync();
            Assert.Equal(2, follower.Told[Key].Revision);
        }
    }

    [MariaDbFact]
    public async Task ACommitThatWasUnderWayWhenAHostCameIsTold()
    {
        var (service, first, slow) = await BeginAsync();
        await first.DisposeAsync();
        await CommitAsync(service, new ItemUpdate { Key = _other, Insert = [NewItem("a")] });
        await using var follower = new Follower(await OpenAsync());
        await follower.NextAsync();
        Assert.Contains(_other, follower.Told);
        await MariaDbServer.SqlAsync(slow, "COMMIT");
        await follower.NextAsync();
        Assert.Equal(2, follower.Told[Key].Revision);
        await slow.DisposeAsync();
    }

    [MariaDbFact]
    public async Task ACommitThatTakesLongerThanAnyShouldIsToldNevertheless()
    {
        var (service, follower, slow) = await BeginAsync(options => options with { GapTime = TimeSpan.FromMilliseconds(300) });
        await using (follower)
        await using (slow)
        {
            // Beside it one that will never come.
            await SqlAsync("START TRANSACTION; INSERT INTO items__commits (collection, revision) VALUES (1000000, 1); ROLLBACK");
            await CommitAsync(service, new ItemUpdate { Key = _other, Insert = [NewItem("a")] });
            var asked = Stopwatch.StartNew();
            await follower.UntilAsync(() => asked.Elapsed > TimeSpan.FromSeconds(2));
            Assert.Equal(1, follower.Told[Key].Revision);
            await MariaDbServer.SqlAsync(slow, "COMMIT");
            await follower.NextAsync();
            Assert.Equal(2, follower.Told[Key].Revision);
        }
    }

    [MariaDbFact]
    public async Task AHostThatIsSuspendedInATransactionHoldsOthersUpForFiveSecondsAtMost()
    {
        var service = await OpenAsync();
        await InsertAsync(service, "a");
        var options = MySqlOptions.From(new ItemServiceContext { ServiceName = "items", Config = Database.Config(), BaseDirectory = "/", Logger = Log });
        await using var suspended = await ConnectAsync();
        await MariaDbServer.SqlAsync(suspended, Connections.Settings(options));
        await MariaDbServer.SqlAsync(suspended, "START TRANSACTION; SELECT * FROM items__collections FOR UPDATE");
        var asked = Stopwatch.StartNew();
        Assert.Equal(2, (await InsertAsync(service, "b")).Revision);
        Assert.InRange(asked.Elapsed.TotalSeconds, 1, 5);
    }

    [MariaDbFact]
    public async Task AConnectionThatIsLostEndsTheListsAndNothingIsMissedByBeginningAnew()
    {
        var (writer, reader) = (await OpenAsync(), await OpenAsync());
        await using var follower = new Follower(reader);
        await InsertAsync(writer, "a");
        await follower.UntilAsync(() => follower.Told.ContainsKey(Key));
        foreach (var id in await SqlAsync("SELECT ID FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND ID <> CONNECTION_ID()"))
            await SqlAsync($"KILL {id}");
        var position = await InsertAsync(writer, "b"); // unseen: on the next connection
        Assert.Equal(
            ItemServiceFault.Unavailable, (await Assert.ThrowsAsync<ItemServiceException>(() => follower.UntilAsync(() => false))).Fault);
        await follower.RestartAsync();
        await follower.NextAsync();
        Assert.Equal(position, follower.Told[Key]);
    }

    [MariaDbTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task OldCommitsAreRemovedByAgeAndByTheirNumber(bool byAge)
    {
        const int Kept = 500, Updates = 4_000;
        var service = await OpenAsync(options => options with
        {
            CommitsKept = byAge ? int.MaxValue : Kept,
            CommitsAge = byAge ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromDays(1),
            PruneInterval = TimeSpan.FromMilliseconds(20),
        });
        await using var follower = new Follower(service);
        var first = await InsertAsync(service, "a");
        for (var n = 0; n < Updates; n += 500)
        {
            await service.CommitAsync(
                [.. Enumerable.Range(n, 500).Select(id => new ItemUpdate { Key = Key, Insert = [NewItem($"{id % 100}")] })],
                CancellationToken.None);
        }
        var count = Updates + 1L;
        for (var deadline = DateTime.UtcNow.AddSeconds(30); count > (byAge ? 0 : Kept);)
        {
            Assert.True(DateTime.UtcNow < deadline, $"{count} are left.");
            await follower.NextAsync();
            count = long.Parse((await SqlAsync("SELECT COUNT(*) FROM items__commits"))[0], null);
        }
        Assert.Empty(Log.Of(3110));

        // Who is too far behind is told so, and who is not gets on.
        Assert.Null(await follower.ReadAsync(Key, first));
        var last = (await LoadAsync(service)).Position;
        Assert.Equal(Updates + 1, last.Revision);
        Assert.Empty((await follower.ReadAsync(Key, last))!);
        if (!byAge) Assert.Equal(10, (await follower.ReadAsync(Key, last with { Revision = last.Revision - 10 }))!.Count);
        await InsertAsync(service, "b");
        await follower.UntilAsync(() => follower.Told[Key].Revision == last.Revision + 1);
    }

    [MariaDbFact]
    public async Task AnInstallationWithoutCommitsGetsThemAndItsHistoryStays()
    {
        var service = await OpenAsync();
        await InsertAsync(service, "a");
        var last = await InsertAsync(service, "b");
        await CloseAsync(service);
        await SqlAsync("DROP TABLE items__commits");

        service = await OpenAsync();
        await using var follower = new Follower(service);
        Assert.Equal(last, (await LoadAsync(service)).Position);
        Assert.Empty((await follower.ReadAsync(Key, last))!);
        Assert.Null(await follower.ReadAsync(Key, last with { Revision = 1 }));
        await InsertAsync(service, "c");
        Assert.Single((await follower.ReadAsync(Key, last))!);
        Assert.Null(await follower.ReadAsync(Key, last with { Revision = 1 }));
        Assert.Empty(Log.Of(3103));
    }

    [MariaDbTheory]
    [InlineData("0")]
    [InlineData("501")]
    [InlineData("often")]
    public async Task AnIntervalThatCantBeKeptIsRefused(string value)
    {
        var refusal = await RefusedAsync(config => config["poll_interval_ms"] = value);
        Assert.Equal((ItemServiceFault.Config, "poll_interval_ms"), (refusal.Fault, refusal.ConfigKey));
    }

    /// <summary>A collection at revision 1, which a host is told of, and a commit of revision 2 that is under way.</summary>
    private async Task<(MySqlItemService Service, Follower Follower, MySqlConnector.MySqlConnection Slow)> BeginAsync(
        Func<MySqlOptions, MySqlOptions>? adjust = null)
    {
        var service = await OpenAsync();
        var follower = new Follower(await OpenAsync(adjust));
        await InsertAsync(service, "a");
        await follower.UntilAsync(() => follower.Told.ContainsKey(Key));
        var slow = await ConnectAsync();
        await MariaDbServer.SqlAsync(slow, Begun);
        return (service, follower, slow);
    }
}
