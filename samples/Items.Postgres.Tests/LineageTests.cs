using SharedState;

namespace Items.Postgres.Tests;

/// <summary>Histories that were lost or replaced: no revision may then mean two things in one epoch.</summary>
public sealed class LineageTests : IAsyncLifetime
{
    private PostgresServer _server = null!;

    public async Task InitializeAsync() => _server = await PostgresServer.StartNewAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task ARestoredDumpIsAnotherEpoch()
    {
        var before = await CommitAsync("dumped");
        await _server.ExecuteAsync("CREATE DATABASE restored", asAdministrator: true);
        await _server.RestoreAsync("dumped", "restored");
        var config = _server.Config("dumped");
        config["db_name"] = "restored";
        await AssertIsAnotherEpochAsync(config, before);
    }

    [Fact]
    public async Task APromotedStandbyIsAnotherEpochAndAStandbyIsUnavailable()
    {
        var before = await CommitAsync("followed");
        await using var standby = await _server.FollowAsync();
        Assert.Equal(ItemServiceFault.Unavailable, (await Opened.FailsToOpenAsync(standby.Config("followed"))).Fault);
        await standby.PromoteAsync();
        await AssertIsAnotherEpochAsync(standby.Config("followed"), before);
    }

    [Fact]
    public async Task AnOpenServiceNoticesThatTheServerOfItsAddressIsAnotherOne()
    {
        await using var service = await Opened.OpenAsync(_server.Config("moved"));
        var before = (await service.CommitAsync(Opened.Put(Opened.Key, "a"))).Position;
        await using var standby = await _server.FollowAsync();
        await service.CommitAsync(Opened.Put(Opened.Key, "b"));
        await _server.StopAsync();
        await standby.PromoteAsync();
        await standby.StopAsync();
        await standby.StartAsync(_server.Port);

        var after = (await service.LoadAsync()).Position;
        Assert.NotEqual(before.Epoch, after.Epoch);
        Assert.Null(await service.ReadAsync(before));
    }

    [Fact]
    public async Task AnOpenServiceNoticesThatItsTablesWereRestored()
    {
        await using var service = await Opened.OpenAsync(_server.Config("replaced"));
        var before = (await service.CommitAsync(Opened.Put(Opened.Key, "a"))).Position;
        await using var watch = service.Service.WatchAsync(CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());
        await _server.RestoreAsync("replaced", "postgres", async () =>
        {
            await service.CommitAsync(Opened.Put(Opened.Key, "lost"));
            await _server.ExecuteAsync("DROP SCHEMA replaced CASCADE", asAdministrator: true);
        });

        var after = (await service.CommitAsync(Opened.Put(Opened.Key, "b"))).Position;
        Assert.Equal(2, after.Revision);
        Assert.NotEqual(before.Epoch, after.Epoch);
        Assert.Null(await service.ReadAsync(before with { Revision = 2 }));
        await Assert.ThrowsAsync<ItemServiceException>(async () => { while (await watch.MoveNextAsync()) { } });
    }

    private async Task<Position> CommitAsync(string schema)
    {
        await using var service = await Opened.OpenAsync(_server.Config(schema));
        return (await service.CommitAsync(Opened.Put(Opened.Key, "a"))).Position;
    }

    private static async Task AssertIsAnotherEpochAsync(Dictionary<string, string> config, Position before)
    {
        await using var service = await Opened.OpenAsync(config);
        var loaded = await service.LoadAsync();
        Assert.Equal("a", Assert.Single(loaded.Items).Id);
        Assert.Equal(before.Revision, loaded.Position.Revision);
        Assert.NotEqual(before.Epoch, loaded.Position.Epoch);
        Assert.Null(await service.ReadAsync(before));
    }
}
