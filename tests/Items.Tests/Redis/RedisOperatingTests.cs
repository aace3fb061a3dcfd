using System.Diagnostics;
using SharedState.Host.Tests;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>What docs/OPERATING.md tells an operator to do is done here, word by word.</summary>
public sealed class RedisOperatingTests : RedisTests
{
    [RedisFact]
    public async Task TheSettingsAndTheUserOfTheDocumentAreEnoughAndNothingIsWarnedOf()
    {
        await using var server = await DocumentedAsync();
        var config = server.Config();
        (config["db_user"], config["db_password"]) = ("sharedstate", "secret");
        var service = await OpenAsync(config);
        await InsertAsync(service, "a", "b");
        await CommitAsync(service, new ItemUpdate { Key = Key, Remove = ["a"], Insert = [NewItem("b")] });
        await CommitAsync(service, new ItemUpdate { Key = Key, Reset = true, Insert = [NewItem("c")] });
        Assert.Equal(["c"], await IdsAsync(service));
        await foreach (var key in service.ListAsync(null, CancellationToken.None)) Assert.Equal(Key, key);
        await server.ExecuteAsync("SCRIPT", "FLUSH");

        // Another host hears and reads what this one commits.
        var other = await OpenAsync(config);
        var before = (await LoadAsync(other)).Position;
        await using (var lists = Watch(other))
        {
            await NextAsync(lists);
            var told = new CollectionPosition(Key, await InsertAsync(service, "d"));
            while (!(await NextAsync(lists)).Contains(told))
            {
            }
        }
        Assert.Single((await ReadAsync(other, before))!);

        // Also what is rarely done: bounds that are reached, outcomes that are pruned, a lost history.
        var small = await OpenAsync(config, options => options with { RemovalsKept = 1, ChangesBytes = 500 });
        for (var n = 0; n < 100; n++) await CommitAsync(small, new ItemUpdate { Key = Key, Remove = [$"{n - 1}"], Insert = [NewItem($"{n}")] });
        for (var n = 0; n < 100; n++)
            await server.Database.HashSetAsync(
                new SharedState.Items.Redis.Layout("items").Of(Key).Bucket.Outcomes, $"gone-{n}", "7 1000000000 c 6");
        await InsertAsync(small, "d");
        await server.ExecuteAsync("FLUSHALL");
        await InsertAsync(service, "e");
        Assert.Equal(["e"], await IdsAsync(service));
        Assert.Empty(Log.Of(Weak));
    }

    [RedisFact]
    public async Task AfterTheDocumentedRestoreEverythingIsANewEpoch()
    {
        var server = await StartAsync();
        var before = await InsertAsync(await OpenAsync(server), "a");
        Assert.Equal(before, (await LoadAsync(await OpenAsync(server))).Position);

        var start = new ProcessStartInfo("/bin/sh", ["-c", Manual.Block("restore.sh")]) { RedirectStandardOutput = true };
        start.Environment["PORT"] = $"{server.Port}";
        using var shell = Process.Start(start)!;
        await shell.WaitForExitAsync();
        Assert.Equal(0, shell.ExitCode);

        var after = await LoadAsync(await OpenAsync(server));
        Assert.Equal("a", Assert.Single(after.Items).Id);
        Assert.Equal(before.Revision, after.Position.Revision);
        Assert.NotEqual(before.Epoch, after.Position.Epoch);
    }

    private static async Task<RedisServer> DocumentedAsync()
    {
        var folder = Directory.CreateTempSubdirectory("redis-tests-").FullName;
        try
        {
            // The operator of this test comes in beside the documented users.
            var users = Path.Combine(folder, "users.acl");
            await File.WriteAllTextAsync(users, Manual.Block("users.acl") + "user operator on >operator ~* &* +@all\n");
            var settings = Manual.Block("redis.conf").Replace("users.acl", users, StringComparison.Ordinal)
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .SelectMany(line => line.Split(' ', 2)).Select((word, place) => place % 2 == 0 ? $"--{word}" : word);
            return await RedisServer.StartAsync([.. settings], admin => (admin.User, admin.Password) = ("operator", "operator"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true); // the server has read it
        }
    }
}
