using System.Globalization;
using SharedState.Items.Redis;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>A commit is stored once, whatever becomes of the line on which it was sent.</summary>
public sealed class RedisExactlyOnceTests : RedisTests
{
    [RedisFact]
    public async Task ALostReplyIsGivenAgain()
    {
        var (_, relay, service) = await OpenAsync();
        using (relay)
        {
            await InsertAsync(service, "a");
            for (var n = 0; n < 5; n++)
            {
                relay.Cut(RelayFault.LoseReply, $"lost-{n}");
                ItemUpdate[] batch =
                [
                    new() { Key = Key, Insert = [NewItem($"lost-{n}")] },
                    new() { Key = Key, Remove = ["nothing"] },
                    new() { Key = new("app", "another"), Insert = [NewItem("x")] },
                    new() { Key = Key, Insert = [NewItem("y")], Expected = new Position("elsewhere", 1) },
                ];
                var results = await service.CommitAsync(batch, CancellationToken.None);
                Assert.Equal(
                    [CommitStatus.Committed, CommitStatus.Unchanged, CommitStatus.Committed, CommitStatus.Conflict],
                    results.Select(result => result.Status));
                Assert.Equal([n + 2, n + 2, n + 1, n + 2], results.Select(result => result.Position.Revision));
            }
            Assert.Equal(5, relay.Cuts);
            Assert.Equal(["a", "lost-0", "lost-1", "lost-2", "lost-3", "lost-4"], await IdsAsync(service));
        }
    }

    [RedisFact]
    public async Task ARemovalWhoseReplyWasLostIsCommittedAndNotUnchanged()
    {
        var (_, relay, service) = await OpenAsync();
        using (relay)
        {
            await InsertAsync(service, "gone-soon");
            relay.Cut(RelayFault.LoseReply, "gone-soon");
            var result = await CommitAsync(service, new ItemUpdate { Key = Key, Remove = ["gone-soon"] });
            Assert.Equal((CommitStatus.Committed, 2), (result.Status, result.Position.Revision));
            Assert.Equal(1, relay.Cuts);
        }
    }

    [RedisFact]
    public async Task ACommitThatArrivesAfterItsRepetitionIsNotStoredAgain()
    {
        var (server, relay, service) = await OpenAsync();
        using (relay)
        {
            await InsertAsync(service, "a");
            relay.Cut(RelayFault.ArriveLate, "late");
            Assert.Equal(2, (await InsertAsync(service, "late")).Revision);
            Assert.Equal(3, (await CommitAsync(service, new ItemUpdate { Key = Key, Remove = ["late"] })).Position.Revision);
            await DeliverAsync(server, relay);
            Assert.Equal(["a"], await IdsAsync(service));
            Assert.Equal(4, (await InsertAsync(service, "b")).Revision);
        }
    }

    [RedisFact]
    public async Task ACommitThatWasGivenUpNeverHappensAfterTheCollectionWasRead()
    {
        var (server, relay, service) = await OpenAsync(options => options with { CommitTime = TimeSpan.FromMilliseconds(300) });
        using (relay)
        {
            await InsertAsync(service, "a");
            relay.Cut(RelayFault.ArriveLate, "late");
            await server.SignalAsync("STOP"); // nor can it be asked whether the commit came
            var fault = await FaultAsync(service, "late");
            Assert.Equal(ItemServiceFault.OutcomeUnknown, fault.Fault);
            await server.SignalAsync("CONT");

            var read = (await LoadAsync(service)).Position;
            await DeliverAsync(server, relay);
            Assert.Equal(read, (await LoadAsync(service)).Position);
            Assert.Equal(read.Revision + 1, (await InsertAsync(service, "b")).Revision);
        }
    }

    [RedisFact]
    public async Task AnOutcomeIsToldAlsoWhereTheMemoryIsFullByThen()
    {
        var (server, relay, service) = await OpenAsync();
        using (relay)
        {
            await InsertAsync(service, "a");
            relay.Cut(RelayFault.LoseReply, "stored");
            var commit = InsertAsync(service, "stored");
            await UntilAsync(
                async () => (string?)await server.Database.HashGetAsync(new Layout("items").Of(Key).Meta, "revision") == "2",
                "it is stored");
            await server.ExecuteAsync("CONFIG", "SET", "maxmemory", "1mb");
            Assert.Equal(2, (await commit).Revision);
        }
    }

    [RedisFact]
    public async Task OutcomesOfHostsThatAreGoneAreForgotten()
    {
        var server = await StartAsync();
        var outcomes = new Layout("items").Of(Key).Bucket.Outcomes;
        for (var n = 0; n < 100; n++) await server.Database.HashSetAsync(outcomes, $"gone-{n}", "7 1000000000 c 6");
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        await server.Database.HashSetAsync(outcomes, "lives", $"7 {now} c 6");
        await InsertAsync(await OpenAsync(server), "a");
        Assert.Equal(2, await server.Database.HashLengthAsync(outcomes));
        Assert.True(await server.Database.HashExistsAsync(outcomes, "lives"));
    }

    private async Task<(RedisServer Server, Relay Relay, RedisItemService Service)> OpenAsync(
        Func<RedisOptions, RedisOptions>? adjust = null)
    {
        var server = await StartAsync();
        var relay = new Relay(server.Port);
        var config = server.Config();
        config["db_port"] = relay.Port.ToString(CultureInfo.InvariantCulture);
        return (server, relay, await OpenAsync(config, adjust));
    }

    /// <summary>Lets the server run what was held back, and makes sure that it did.</summary>
    private static async Task DeliverAsync(RedisServer server, Relay relay)
    {
        var before = await CallsAsync(server);
        relay.Release();
        await relay.Delivered;
        Assert.True(await CallsAsync(server) > before, "the commit that was held back was not run at all");
    }

    private static async Task<long> CallsAsync(RedisServer server) => (await server.Admin.InfoRawAsync("commandstats"))!.Split('\n')
        .Where(line => line.StartsWith("cmdstat_eval", StringComparison.Ordinal))
        .Sum(line => long.Parse(line.Split('=', ',')[1], CultureInfo.InvariantCulture));
}
