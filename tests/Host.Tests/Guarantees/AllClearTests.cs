using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>Each reported trouble has its all-clear in the log, when it is over and not before.</summary>
public sealed class AllClearTests
{
    private const int NotOpenAgain = 2113, OpenAtLast = 2102, FeedSilent = 2111, FeedHeard = 2119;

    private const string One = """{"insert":[{"id":"1"}]}""";

    [Fact]
    public async Task AFeedThatWasSilentIsHeardAgain()
    {
        var (storage, logger) = (new MemoryStorage(hasFeed: true), new CountingLogger());
        await using var host = await LiveHost.StartAsync(storage, logger: logger);
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/app/items/a", One);
        var lists = new TaskCompletionSource();
        storage.BeforeList = stop => lists.Task.WaitAsync(stop);
        await Wait.UntilAsync(
            async () =>
            {
                await client.GetAsync("/app/items/a");
                return logger.Count(FeedSilent) > 0;
            },
            "the host reports the silence");
        Assert.Equal(0, logger.Count(FeedHeard));

        lists.SetResult();
        await Wait.UntilAsync(() => logger.Count(FeedHeard) > 0, "the host reports the end of the silence");

        // The list that was asked for before the silence is too old by itself.
        await Wait.UntilAsync(() => logger.Count(FeedSilent) == logger.Count(FeedHeard), "each silence has its end");
        await client.PutAsync("/app/items/a", One);
        Assert.InRange(logger.Count(FeedHeard), 1, 2);
    }

    [Fact]
    public async Task AStorageThatDidNotOpenAgainAfterAFailedSwapIsOpen()
    {
        var (away, logger) = (false, new CountingLogger());
        var storage = new MemoryStorage
        {
            BeforeOpen = _ => away ? throw new ItemServiceException(ItemServiceFault.Unavailable, "starting up") : Task.CompletedTask,
        };
        var broken = new MemoryStorage
        {
            BeforeOpen = _ => throw new ItemServiceException(ItemServiceFault.Unusable, "of another program"),
        };
        await using var host = await LiveHost.StartAsync(storage, logger: logger);
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/app/items/a", One);
        Volatile.Write(ref away, true);
        var replacing = host.ReplaceAsync(broken);
        await Wait.UntilAsync(() => logger.Count(NotOpenAgain) > 0, "the host reports that the old storage does not open");
        Assert.Equal(0, logger.Count(OpenAtLast));

        Volatile.Write(ref away, false);
        Assert.Equal("of another program", (await replacing).Failure!.Message);
        Assert.Equal((1, 1), (logger.Count(NotOpenAgain), logger.Count(OpenAtLast)));
        Assert.True((bool)(await client.PutAsync("/app/items/a", One))["ok"]!);
    }
}
