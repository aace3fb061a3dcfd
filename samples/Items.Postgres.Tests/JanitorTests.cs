using Microsoft.Extensions.Logging.Abstractions;
using SharedState;

namespace Items.Postgres.Tests;

/// <summary>What is forgotten after a while, and what is said of it then.</summary>
[Collection(nameof(SharedServerTests))]
public sealed class JanitorTests(SharedServer shared)
{
    private readonly string _schema = $"j{Guid.NewGuid():N}";

    [Fact]
    public async Task OldCommitsAreForgottenAndWhoLacksThemIsToldSo()
    {
        await using var service = await OpenAsync();
        var first = (await service.CommitAsync(Opened.Put(Opened.Key, "a"))).Position;
        var second = (await service.CommitAsync(Opened.Put(Opened.Key, "b"))).Position;
        await service.CommitAsync(Opened.Remove(Opened.Key, "b"));
        await shared.Server.ExecuteAsync($"UPDATE {_schema}.commits SET at = at - interval '1 hour' WHERE revision < 3");
        await CleanAsync();
        Assert.Null(await service.ReadAsync(first with { Revision = 0 }));
        Assert.Null(await service.ReadAsync(first));
        Assert.Equal(["b"], Assert.Single((await service.ReadAsync(second))!).Update.Remove);
        Assert.Equal(1, (await service.LoadAsync()).HistoryStart + 1);
    }

    [Fact]
    public async Task OfVeryManyRemovalsTheNewestAreRemembered()
    {
        await using var service = await OpenAsync();
        string[] ids = [.. Enumerable.Range(0, Schema.CrowdedRemovals + 10).Select(i => $"{i}")];
        await service.CommitAsync(Opened.Put(Opened.Key, ids));
        var half = ids.Length / 2;
        await service.CommitAsync(Opened.Remove(Opened.Key, ids[..half]));
        await service.CommitAsync(Opened.Remove(Opened.Key, ids[half..^1000]));
        await service.CommitAsync(Opened.Remove(Opened.Key, ids[^1000..]));
        await CleanAsync();

        // What was removed at one revision is remembered as a whole or not at all.
        var loaded = await service.LoadAsync();
        Assert.Equal(3, loaded.HistoryStart);
        Assert.Equal(1000, loaded.Tombstones.Count);
        Assert.All(loaded.Tombstones, t => Assert.Equal(4, t.Revision));
        Assert.Empty(loaded.Items);
        Assert.Equal(1000L, await shared.Server.ExecuteAsync($"SELECT removals FROM {_schema}.collections"));
    }

    [Fact]
    public async Task TheRowOfAForgottenCollectionGoesAndItsRevisionsAreNotGivenAgain()
    {
        await using var service = await OpenAsync();
        var other = Opened.Key with { Collection = "other" };
        foreach (var id in new[] { "a", "b", "c" }) await service.CommitAsync(Opened.Put(Opened.Key, id));
        var at = (await service.CommitAsync(Opened.Remove(Opened.Key, "a", "b", "c"))).Position;
        await service.CommitAsync(Opened.Put(other, "a"));
        Assert.True(await service.Service.ForgetAsync(Opened.Key, at, CancellationToken.None));
        await CleanAsync();
        Assert.Equal(2L, await shared.Server.ExecuteAsync($"SELECT count(*) FROM {_schema}.collections"));

        await shared.Server.ExecuteAsync($"UPDATE {_schema}.collections SET forgotten = forgotten - interval '1 hour'");
        await CleanAsync();
        Assert.Equal(1L, await shared.Server.ExecuteAsync($"SELECT count(*) FROM {_schema}.collections"));
        Assert.Equal(at, (await service.LoadAsync()).Position);
        Assert.Equal(at with { Revision = at.Revision + 1 }, (await service.CommitAsync(Opened.Put(Opened.Key, "d"))).Position);

        // One that was never written to stands there too.
        var third = await service.CommitAsync(Opened.Put(Opened.Key with { Collection = "third" }, "a"));
        Assert.Equal(at with { Revision = at.Revision + 1 }, third.Position);
    }

    private async Task CleanAsync()
    {
        var context = new ItemServiceContext
        {
            ServiceName = "service",
            Config = shared.Server.Config(_schema),
            BaseDirectory = "/",
            Logger = NullLogger.Instance,
        };
        await using var database = new Database(Options.Parse(context), NullLogger.Instance);
        await new Janitor(database, TimeSpan.FromMinutes(5), TimeProvider.System, NullLogger.Instance).CleanAsync(CancellationToken.None);
    }

    private Task<Opened> OpenAsync() => Opened.OpenAsync(shared.Server.Config(_schema));
}
