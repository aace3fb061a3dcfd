using System.Diagnostics;
using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>A server that is killed, that hangs, and that comes back. It is this class's own.</summary>
public sealed class MySqlOutageTests : MySqlTests
{
    private MariaDbServer _server = null!;

    protected override async Task<MariaDbServer> ServerAsync() => _server = await MariaDbServer.StartAsync();

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _server.DisposeAsync();
    }

    [MariaDbFact]
    public async Task WhatIsSaidOfACommitIsTrueWhenTheServerIsKilledInTheMiddle()
    {
        var service = await OpenAsync();
        await InsertAsync(service, "first");
        var stored = new HashSet<string> { "first" };
        var unknown = 0;
        for (var kill = 0; kill < 4; kill++)
        {
            // Killed while commits go on, one after the other, until one fails.
            var ending = Task.Run(async () =>
            {
                await Task.Delay(Random.Shared.Next(20, 120)); // at any moment of a commit
                await _server.KillAsync();
            });
            var maybe = "";
            for (var n = 0; maybe.Length == 0; n++)
            {
                var id = $"{kill}-{n}";
                try
                {
                    await InsertAsync(service, id);
                    stored.Add(id);
                }
                catch (ItemServiceException e)
                {
                    Assert.True(e.IsTransient, e.ToString());
                    if (e.Fault == ItemServiceFault.OutcomeUnknown) unknown++;
                    maybe = e.Fault == ItemServiceFault.OutcomeUnknown ? id : "nothing";
                }
            }
            await ending;
            Assert.Equal(ItemServiceFault.Unavailable, (await Assert.ThrowsAsync<ItemServiceException>(() => LoadAsync(service))).Fault);
            Assert.Equal(
                ItemServiceFault.Unavailable, (await Assert.ThrowsAsync<ItemServiceException>(() => InsertAsync(service, "x"))).Fault);

            await _server.StartAgainAsync();
            var found = (await LoadAsync(service)).Items.Select(item => item.Id).ToHashSet();
            if (found.Contains(maybe)) stored.Add(maybe);
            Assert.Equal(stored.Order(), found.Order());
        }
    }

    [MariaDbFact]
    public async Task ACommitThatIsNotAnsweredIsUnknown()
    {
        var service = await OpenAsync();
        var position = await InsertAsync(service, "a");
        await using var other = await ConnectAsync();
        await MariaDbServer.SqlAsync(other, "BACKUP STAGE START; BACKUP STAGE FLUSH; BACKUP STAGE BLOCK_DDL; BACKUP STAGE BLOCK_COMMIT");
        var commit = FailedAsync(service, new ItemUpdate { Key = Key, Insert = [NewItem("b")] });
        while (
            (await _server.SqlAsync("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO = 'COMMIT' AND COMMAND = 'Query'"))[0]
            == "0")
        {
            Assert.False(commit.IsCompleted);
        }
        await _server.KillAsync();
        Assert.Equal(ItemServiceFault.OutcomeUnknown, (await commit).Fault);
        await _server.StartAgainAsync();
        Assert.Equal(position, (await LoadAsync(service)).Position);
    }

    [MariaDbFact]
    public async Task AMigrationSurvivesTheServersEndInTheMiddle()
    {
        await _server.SqlAsync($"""
            CREATE DATABASE `{Database.Name}`; USE `{Database.Name}`;
            CREATE TABLE items (app VARCHAR(128), chnl VARCHAR(128), id VARCHAR(64), ctime TIMESTAMP DEFAULT CURRENT_TIMESTAMP, data TEXT,
                PRIMARY KEY (app, chnl, id)) CHARACTER SET utf8;
            INSERT INTO items (app, chnl, id, data) SELECT 'app', 'collection', seq, CONCAT('"', REPEAT('x', 1000), '"') FROM seq_1_to_30000
            """);
        var opening = Assert.ThrowsAsync<ItemServiceException>(() => OpenAsync());
        while (
            (
                await _server.SqlAsync(
                    "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'ALTER TABLE%' AND STATE LIKE '%copy%'")
            )[0] == "0")
        {
            Assert.False(opening.IsCompleted, "The migration ended too soon.");
        }
        await _server.KillAsync();
        Assert.Equal(ItemServiceFault.Unavailable, (await opening).Fault);

        await _server.StartAgainAsync();
        var collection = await LoadAsync(await OpenAsync());
        Assert.Equal(30_000, collection.Items.Count);
        Assert.Equal(1, collection.Position.Revision);
    }

    [MariaDbFact]
    public async Task ConnectionsFromBeforeARestartAreReplacedUnseen()
    {
        var service = await OpenAsync();
        await InsertAsync(service, "a");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => LoadAsync(service)));
        await _server.KillAsync();
        await _server.StartAgainAsync();
        Assert.Equal(2, (await InsertAsync(service, "b")).Revision);
        Assert.Equal(2, (await LoadAsync(service)).Items.Count);
    }

    [MariaDbFact]
    public async Task AServerThatHangsIsUnavailableInTimeAndServesAgain()
    {
        var service = await OpenAsync(options => options with { CommandSeconds = 1 });
        await InsertAsync(service, "a");
        await _server.SignalAsync("STOP");
        var asked = Stopwatch.StartNew();
        var fault = await Assert.ThrowsAsync<ItemServiceException>(() => InsertAsync(service, "b"));
        Assert.Equal(ItemServiceFault.Unavailable, fault.Fault);
        Assert.InRange(asked.Elapsed.TotalSeconds, 0, 6);
        await _server.SignalAsync("CONT");
        Assert.Equal(2, (await InsertAsync(service, "c")).Revision);
        Assert.Equal(["""{"id":"a"}""", """{"id":"c"}"""], Texts(await LoadAsync(service)));
    }
}
