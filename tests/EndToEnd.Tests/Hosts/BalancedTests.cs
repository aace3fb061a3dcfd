using SharedState.Host.Tests.Engine;
using Xunit.Abstractions;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>Hosts are restarted and upgraded behind a proxy, as docs/OPERATING.md says.</summary>
[Collection(Alone.Name), Trait("Category", "Alone")]
public sealed class BalancedTests(ITestOutputHelper log)
{
    private const int Members = 60;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200), ReturnTime = TimeSpan.FromSeconds(1);

    [HaProxyFact]
    public async Task RestartingOneHostAfterAnotherBehindAProxyLosesNothing()
    {
        await using var example = await Example.StartAsync();
        await DuringAStormAsync(example, async storm =>
        {
            for (var host = 1; host <= 3; host++)
            {
                await StopAsync(example, storm, host);
                await example.StartHostAsync(host);
            }
        });
    }

    [HaProxyFact]
    public async Task AnUpgradeWithAFourthHostBehindAProxyLosesNothing()
    {
        await using var example = await Example.StartAsync();
        await DuringAStormAsync(example, async storm =>
        {
            // Of the three, one stands for all.
            await example.StartHostAsync(4);
            await StopAsync(example, storm, 1);
            await example.StartHostAsync(1);
            await StopAsync(example, storm, 4);
        });
    }

    [HaProxyFact]
    public async Task TheClientsOfAHostThatHangsAreMovedToTheOthersByTheProxy()
    {
        await using var example = await Example.StartAsync();
        await DuringAStormAsync(example, async storm =>
        {
            var before = storm.Members.Sum(member => member.Returns.Count);
            example.Process(1).Signal("STOP");
            await storm.UntilAsync(() => storm.Members.Sum(member => member.Returns.Count) >= before + (Members / 3) && storm.Members.All(member => member.Present), "they are moved");
            example.Process(1).Signal("CONT");
        });
    }

    [HaProxyFact]
    public async Task WhileTheStorageOfAllHostsIsAwayTheProxyKeepsClientsAndTakesNewOnes()
    {
        await using var example = await Example.StartAsync();
        using var http = new HttpClient();
        await Wait.UntilAsync(async () => await IsReadyAsync(), "the proxy listens");
        await using var client = await Client.ConnectAsync(example.Proxy);
        Assert.True((bool)(await client.PutAsync("/app/items/a", """{"insert":[{"id":"1"}]}"""))["ok"]!);
        await ReadyAsync(503, example.Storage.KillAsync);

        Assert.Single((await client.GetAsync("/app/items/a"))["data"]!.AsArray());
        await using (var late = await Client.ConnectAsync(example.Proxy))
        {
            Assert.True((bool)(await late.GetAsync("/clock"))["ok"]!);
        }
        await ReadyAsync(200, example.Storage.StartAgainAsync);
        const string More = """{"insert":[{"id":"2"}]}""";
        await Wait.UntilAsync(async () => (bool)(await client.PutAsync("/app/items/a", More))["ok"]!, "updates are stored");

        async Task<bool> IsReadyAsync()
        {
            try
            {
                return (await http.GetAsync(new UriBuilder(example.Proxy) { Scheme = "http", Path = "readyz" }.Uri)).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }

        // Nobody asks the hosts anything but the proxy, which notices within 1 s.
        async Task ReadyAsync(int status, Func<Task> cause)
        {
            await cause();
            for (var host = 1; host <= 3; host++)
            {
                var check = new UriBuilder(example.Url(host)) { Scheme = "http", Path = "readyz" }.Uri;
                await Wait.UntilAsync(async () => (int)(await http.GetAsync(check)).StatusCode == status, $"host {host} answers {status}");
            }
            await Task.Delay(TimeSpan.FromSeconds(2));
        }
    }

    private async Task DuringAStormAsync(Example example, Func<Storm, Task> action)
    {
        var seed = Seed.Next();
        log.WriteLine($"seed {seed}");
        await using var storm = new Storm([example.Proxy], Members, seed);
        await storm.PresentAsync();
        var writing = storm.WriteAsync(Pause);
        await storm.MoreAsync(200, "the storm");
        await action(storm);
        await storm.MoreAsync(200, "the storm goes on");
        storm.End();
        await writing;
        await storm.CheckAtRestAsync([.. Enumerable.Range(1, 3).Select(example.Url)], example.Storage);
        log.WriteLine($"{storm}; {storm.DelaysOf(_ => true)}");
    }

    /// <summary>SIGTERM; returns when its clients are back at others.</summary>
    private async Task StopAsync(Example example, Storm storm, int host)
    {
        await storm.MoreAsync(100, "the storm");
        var before = storm.Members.ToDictionary(member => member, member => member.Returns.Count);
        Assert.Equal(0, await example.Process(host).TerminateAsync());
        await storm.MoreAsync(100, "the storm goes on");
        await storm.UntilAsync(() => storm.Members.All(member => member.Present), "everybody is back");
        var returns = before.SelectMany(pair => pair.Key.Returns.Skip(pair.Value)).ToArray();
        log.WriteLine(
            $"host {host} ended: {returns.Length} were back within {returns.DefaultIfEmpty().Max().TotalMilliseconds:0} ms and their waits"
        );
        Assert.NotEmpty(returns);
        Assert.All(returns, time => Assert.True(time < ReturnTime, $"coming back took {time}"));
    }
}
