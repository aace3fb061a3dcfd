using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>How a history is told from another, and how several hosts share one.</summary>
public sealed class MySqlHistoryTests : MySqlTests
{
    [MariaDbTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    public async Task ARestoredDumpIsAnotherEpochAlsoWhenItHasAdvancedPastTheOneItReplaces(int updates)
    {
        var service = await OpenAsync();
        await InsertAsync(service, "a", "b");
        await RemoveAsync(service, "b");
        var dump = await RunAsync("mariadb-dump", "", Database.Name);
        Assert.Contains("revision", dump, StringComparison.Ordinal); // hidden columns are in it

        await InsertAsync(service, "c");
        var lost = await InsertAsync(service, "d");
        var nowhere = (await LoadAsync(service, new("never", "written"))).Position;
        await CloseAsync(service);
        await NextSecondAsync();
        await RunAsync("mariadb", dump, Database.Name);

        service = await OpenAsync();
        for (var n = 0; n < updates; n++) await InsertAsync(service, $"{n}");
        var restored = await LoadAsync(service);
        Assert.Equal(2 + updates, restored.Position.Revision);
        Assert.Equal(1 + updates, restored.Items.Count);
        Assert.NotEqual(lost.Epoch, restored.Position.Epoch);
        Assert.Empty(restored.Tombstones);
        Assert.NotEqual(nowhere, (await LoadAsync(service, new("never", "written"))).Position);
        Assert.Contains(Database.Name, Assert.Single(Log.Of(3103)));

        // It is told once: from here on, this is the history.
        await CloseAsync(service);
        Assert.Equal(restored.Position, (await LoadAsync(await OpenAsync())).Position);
    }

    [MariaDbFact]
    public async Task SeveralHostsAgreeOnRevisions()
    {
        const int Hosts = 3, Updates = 40;
        var revisions = await Task.WhenAll(Enumerable.Range(0, Hosts).Select(host => Task.Run(async () =>
        {
            var service = await OpenAsync();
            var reached = new List<long>();
            for (var n = 0; n < Updates; n++)
            {
                // Each batch names two collections, in another order than the others do.
                CollectionKey[] keys = [Key, Key with { Collection = "other" }];
                var results = await service.CommitAsync(
                    [.. (host % 2 == 0 ? keys : keys.Reverse()).Select(key => new ItemUpdate { Key = key, Insert = [NewItem($"{host}-{n}")] })], CancellationToken.None);
                reached.Add(results[host % 2].Position.Revision);
            }
            return reached;
        })));
        Assert.Equal(Enumerable.Range(1, Hosts * Updates).Select(n => (long)n), revisions.SelectMany(reached => reached).Order());
        var collection = await LoadAsync(await OpenAsync());
        Assert.Equal(Hosts * Updates, collection.Items.Count);
        Assert.Equal(Hosts * Updates, collection.Items.Select(item => item.Revision).Distinct().Count());
    }

    [MariaDbFact]
    public async Task HostsThatMakeTheSameCollectionsAtOnceDoNotFailEachOther()
    {
        const int Hosts = 4, Rounds = 30;
        var services = await Task.WhenAll(Enumerable.Range(0, Hosts).Select(_ => OpenAsync()));
        for (var round = 0; round < Rounds; round++)
        {
            // Half of the collections are each host's own, so that some make several.
            ItemUpdate[] Batch(int host) => [.. Enumerable.Range(0, 6).Select(n => new ItemUpdate
            {
                Key = new($"{(n % 2 == 0 ? "all" : host)}", $"{round}-{n}"),
                Insert = [NewItem($"{host}")],
            })];
            await Task.WhenAll(
                services.Select((service, host) => Task.Run(async () => await service.CommitAsync(Batch(host), CancellationToken.None))));
        }
        for (var round = 0; round < Rounds; round++)
        {
            Assert.Equal(Hosts, (await LoadAsync(services[0], new("all", $"{round}-0"))).Items.Count);
        }
    }

    [MariaDbFact]
    public async Task RemovalsAreRememberedWithinABound()
    {
        // Never more than 20 or, if that is more, as many as there are items; and what is forgotten, the history's start tells.
        var service = await OpenAsync(options => options with { RemovalsKept = 20 });
        var removed = new Dictionary<string, long>();
        for (var n = 0; n < 60; n++)
        {
            await InsertAsync(service, $"{n}");
            removed[$"{n}"] = (await RemoveAsync(service, $"{n}")).Revision;
            var collection = await LoadAsync(service);
            Assert.InRange(collection.Tombstones.Count, Math.Min(n + 1, 15), 20);
            var expected = removed.Where(removal => removal.Value > collection.HistoryStart).Select(removal => removal.Key);
            Assert.Equal(expected.Order(), collection.Tombstones.Select(removal => removal.Id).Order());
        }

        // What comes and goes is remembered once.
        for (var n = 0; n < 30; n++)
        {
            await InsertAsync(service, "again");
            await RemoveAsync(service, "again");
        }
        Assert.InRange((await LoadAsync(service)).Tombstones.Count, 15, 20);
    }

    [MariaDbFact]
    public async Task ATablesNameMayHave64Characters()
    {
        string[] names = [new string('x', 64), new string('x', 63) + "y"];
        foreach (var name in names)
        {
            var service = await OpenAsync(change: config => config["db_table"] = name);
            Assert.Equal(1, (await InsertAsync(service, name)).Revision);
            Assert.Single((await LoadAsync(service)).Items);
        }
    }

    /// <summary>Times of creation are told in whole seconds.</summary>
    private async Task NextSecondAsync()
    {
        var now = await SqlAsync("SELECT NOW()");
        while ((await SqlAsync("SELECT NOW()"))[0] == now[0]) await Task.Delay(50);
    }

    /// <summary>Runs one of MariaDB's own programs, as an operator does.</summary>
    private async Task<string> RunAsync(string program, string input, string database)
    {
        var start = new ProcessStartInfo(
            program, ["--no-defaults", "--host=127.0.0.1", $"--port={Database.Server.Port.ToString(CultureInfo.InvariantCulture)}", $"--user={MariaDbServer.User}", database])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["MYSQL_PWD"] = MariaDbServer.Password;
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
