using System.Text;
using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>A server that is set in an unusual way, which is this class's own.</summary>
public sealed class MySqlSettingsTests : MySqlTests
{
    private MariaDbServer _server = null!;

    protected override async Task<MariaDbServer> ServerAsync() =>
        _server = await MariaDbServer.StartAsync(
            "--max-allowed-packet=64K", "--innodb-flush-log-at-trx-commit=2", "--log-bin=binary", "--sync-binlog=0", "--server-id=1",
            "--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,NO_ZERO_DATE", "--default-time-zone=+05:00",
            "--transaction-isolation=SERIALIZABLE", "--character-set-server=latin1", "--autocommit=0",
            "--explicit-defaults-for-timestamp=OFF", "--innodb-default-row-format=compact", "--default-storage-engine=MyISAM");

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _server.DisposeAsync();
    }

    [MariaDbFact]
    public async Task WeakDurabilityIsToldInTheWordsOfWhatCanBeLost()
    {
        await OpenAsync();
        Assert.Contains("innodb_flush_log_at_trx_commit is 2", Assert.Single(Log.Of(3101)));
        Assert.Contains("are lost if its machine crashes", Assert.Single(Log.Of(3101)));
        Assert.Contains("sync_binlog is 0", Assert.Single(Log.Of(3102)));
    }

    [MariaDbFact]
    public async Task NothingDependsOnTheServersSettings()
    {
        var service = await OpenAsync();
        string[] ids = ["a'b\"c\\", "\\", "'", "''", "\\'", "`", "ä😀", "a||b", "\0\n\u001a", "%", "\\%"];
        static string Json(string id) => $"{{\"id\":{System.Text.Json.JsonSerializer.Serialize(id)},\"t\":\"'\\\\\\\"ä\"}}";
        var update = new ItemUpdate { Key = Key, Insert = [.. ids.Select(id => new Item(id, Encoding.UTF8.GetBytes(Json(id))))] };
        await CommitAsync(service, update);
        await RemoveAsync(service, ids[0]);
        var collection = await LoadAsync(service);
        Assert.Equal(
            update.Insert.Skip(1).Select(item => Encoding.UTF8.GetString(item.Json.Span)).Order(StringComparer.Ordinal), Texts(collection));
        Assert.Equal([new Tombstone(ids[0], 2)], collection.Tombstones);

        var position = collection.Position;
        await CloseAsync(service);
        Assert.Equal(position, (await LoadAsync(await OpenAsync())).Position);
    }

    [MariaDbFact]
    public async Task ABatchIsSplitByTheServersPacketAndOneItemOverItIsTooLarge()
    {
        var service = await OpenAsync();
        Item[] many = [.. Enumerable.Range(0, 1000).Select(n => Large($"{n}", 500, "x"))];
        var position = await CommitAsync(service, new ItemUpdate { Key = Key, Insert = many });
        Assert.Equal(1000, (await LoadAsync(service)).Items.Count);

        // The driver doubles these characters, so that half the packet is all that fits.
        (int, string, bool)[] cases =
            [(60_000, "x", true), (29_000, "\\\\", true), (29_000, "'", true), (66_000, "x", false), (33_000, "'", false), (200_000, "x", false)];
        foreach (var (bytes, text, fits) in cases)
        {
            var update = new ItemUpdate { Key = Key, Insert = [Large("large", bytes, text)] };
            if (fits)
            {
                position = position with { Revision = position.Revision + 1 };
                Assert.Equal(position, await CommitAsync(service, update));
                continue;
            }
            var fault = await FailedAsync(service, new ItemUpdate { Key = Key, Insert = [NewItem("before")] }, update);
            Assert.Equal(ItemServiceFault.TooLarge, fault.Fault);
            Assert.Contains("max_allowed_packet", fault.Message);
        }
        Assert.Equal(1001, (await LoadAsync(service)).Items.Count);
        var reset = await CommitAsync(service, new ItemUpdate { Key = Key, Reset = true });
        Assert.Equal(position with { Revision = position.Revision + 1 }, reset);

        static Item Large(string id, int bytes, string text) =>
            new(id, Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","t":"{{string.Concat(Enumerable.Repeat(text, bytes / text.Length))}}"}"""));
    }
}
