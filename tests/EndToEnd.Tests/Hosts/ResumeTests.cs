using SharedState.Host.Tests.Engine;
using SharedState.Items.Tests;
using SharedState.Items.Tests.MySql;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>Who comes to another host with a position gets at least that, however far that host is.</summary>
[Collection(Alone.Name), Trait("Category", "Alone")]
public sealed class ResumeTests
{
    private const string Path = "/app/items/a";
    private const int Rounds = 50;

    [RedisFact]
    public Task OnRedisWhatOneHostAnsweredIsInAResumeAtAnother() => ResumeAsync(async () => await RedisStorage.StartAsync());

    [MariaDbFact]
    public Task OnMariaDbWhatOneHostAnsweredIsInAResumeAtAnother() => ResumeAsync(async () => await MariaDbStorage.StartAsync());

    [PostgresFact]
    public Task OnPostgresWhatOneHostAnsweredIsInAResumeAtAnother() => ResumeAsync(async () => await PostgresStorage.StartAsync());

    private static async Task ResumeAsync(Func<Task<ISharedStorage>> start)
    {
        await using var cluster = await Cluster.StartAsync(await start());
        await using var writer = await Client.ConnectAsync(cluster.Hosts[0].Url);
        await using var reader = await Client.ConnectAsync(cluster.Hosts[^1].Url);
        await reader.GetAsync(Path); // so it is in that host's memory
        var history = new SharedHistory();
        for (var round = 0; round < Rounds; round++)
        {
            var reply = await writer.PutAsync(Path, $$"""{"insert":[{"id":"{{round}}"}]}""");
            await reader.PutAsync(
                "/subs", $$"""{"insert":[["{{Path}}",{"since":{{(long)reply["rev"]!}},"epoch":"{{(string)reply["epoch"]!}}"}]]}""");
            var notification = await reader.NotificationAsync();
            Assert.Equal("""{"reset":false,"remove":[],"insert":[]}""", notification["data"]!.ToJsonString());
            Assert.Equal((long)reply["rev"]!, (long)notification["rev"]!);
            var shown = await reader.GetAsync(Path);
            history.Shown(Path, shown);
            history.Shown(Path, await writer.GetAsync(Path));
            Assert.Contains($"{round}", shown["data"]!.AsArray().Select(item => (string?)item!["id"]));

            // Then nothing is left that could be told in the next round.
            await reader.PutAsync("/subs", """{"insert":[]}""");
            Assert.Equal(0, reader.KeptNotifications);
        }
    }
}
