using SharedState.Items.MySql;
using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>An older copy of the server's files is known by the last commit that a host has seen. The server is this class's own.</summary>
public sealed class MySqlLandmarkTests : MySqlTests
{
    private const int HistoryReplaced = 3103;

    private MariaDbServer _server = null!;

    protected override async Task<MariaDbServer> ServerAsync() => _server = await MariaDbServer.StartAsync();

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _server.DisposeAsync();
    }

    [MariaDbTheory]
    [InlineData("a commit")]
    [InlineData("a load")]
    [InlineData("a read of commits")]
    [InlineData("a new collection")]
    public async Task AnOlderCopyOfTheServersFilesIsANewEpochForWhoSawMore(string seen)
    {
        var (service, writer) = (await OpenAsync(), await OpenAsync());
        var before = await InsertAsync(service, "a");
        var older = new CollectionKey("app", "older");
        await CommitAsync(writer, new ItemUpdate { Key = older, Insert = [NewItem("a")] });
        var copy = await _server.CopyAsync();
        var key = seen == "a new collection" ? new CollectionKey("app", "new") : Key;
        var update = new ItemUpdate { Key = key, Insert = [NewItem("lost")] };
        var lost = await CommitAsync(seen is "a commit" or "a new collection" ? service : writer, update);
        if (seen == "a load") await LoadAsync(service);
        if (seen == "a commit") await LoadAsync(service, older); // does not hide the newer one
        if (seen == "a read of commits") Assert.Single((await service.ReadAsync([new(Key, before)], CancellationToken.None))[0]!);
        await CloseAsync(writer);
        await _server.RestoreAsync(copy);

        var position = await CommitAsync(service, new ItemUpdate { Key = key, Insert = [NewItem("new")] });
        Assert.Equal(lost.Revision, position.Revision);
        Assert.NotEqual(lost.Epoch, position.Epoch);
        Assert.Equal(position.Epoch, (await LoadAsync(service)).Position.Epoch);
        Assert.Contains(Database.Name, Assert.Single(Log.Of(HistoryReplaced)));
    }

    [MariaDbFact]
    public async Task ARestartThatLosesNothingKeepsTheEpochAlsoWhereTheLastCollectionWasForgotten()
    {
        var service = await OpenAsync();
        var position = await InsertAsync(service, "a");
        var other = new CollectionKey("app", "other");
        await CommitAsync(service, new ItemUpdate { Key = other, Insert = [NewItem("a")] });
        var emptied = await CommitAsync(service, new ItemUpdate { Key = other, Reset = true });
        Assert.True(await service.ForgetAsync(other, emptied, CancellationToken.None));

        // As ten minutes later.
        await SqlAsync("DELETE FROM items__collections WHERE revision = 0; DELETE FROM items__commits WHERE revision = 0");
        await _server.KillAsync();
        await _server.StartAgainAsync();
        Assert.Equal(position, (await LoadAsync(service)).Position);
        Assert.Empty(Log.Of(HistoryReplaced));
    }

    [MariaDbFact]
    public async Task ACommitThatWasReadBeforeItsCollectionWasForgottenKeepsTheEpoch()
    {
        var service = await OpenAsync();
        var position = await InsertAsync(service, "a");
        var options = MySqlOptions.From(
            new ItemServiceContext { ServiceName = "items", Config = Database.Config(), BaseDirectory = "/", Logger = Log });
        var tables = new Tables(options.Table, "utf8mb4_nopad_bin");
        var lineage = new Lineage(tables, options, Log);
        await using var connection = await ConnectAsync();
        await lineage.CheckAsync(connection, quiet: false, CancellationToken.None);

        // The reading of another host takes long: the collection is forgotten, and the host makes a connection, before its end.
        var other = new CollectionKey("app", "other");
        await CommitAsync(service, new ItemUpdate { Key = other, Insert = [NewItem("a")] });
        var emptied = await CommitAsync(service, new ItemUpdate { Key = other, Reset = true });
        CommitReading reading = new(connection, tables, options, 1 << 20, CancellationToken.None);
        await reading.RunAsync([new(other, emptied with { Revision = 1 })]);
        Assert.True(await service.ForgetAsync(other, emptied, CancellationToken.None));
        await lineage.CheckAsync(connection, quiet: false, CancellationToken.None);
        lineage.Saw(reading.Last!);

        await lineage.CheckAsync(connection, quiet: false, CancellationToken.None);
        Assert.Equal(position, (await LoadAsync(await OpenAsync())).Position);
        Assert.Empty(Log.Of(HistoryReplaced));
    }
}
