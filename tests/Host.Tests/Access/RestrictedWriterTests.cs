using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using SharedState.Host.Diagnostics;
using SharedState.Host.Storages;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Access;

/// <summary>Clients that may write some items only: with lifetimes, patches, increments and conditions, and on several hosts.</summary>
public sealed class RestrictedWriterTests
{
    private const string Path = "/a/items/c";
    private const string Own = """{"path": "/a/items/*", "who": "user", "read": {"owner": "{sub}"}, "write": {"owner": "{sub}"}}""";

    private const string Signed =
        """{"path": "/a/items/*", "who": "user", "read": true, "write": {"owner": "{sub}"}, "set": {"owner": "{sub}", "at": "{now}"}}""";

    // The clock goes faster than clients answer.
    private static readonly Limits Patient = new() { PingInterval = TimeSpan.FromHours(1) };

    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(1_790_000_000));

    [Fact]
    public async Task AnUpdateIsJudgedOnTheStateThatAnotherHostHasStored()
    {
        var storage = new MemoryStorage(hasFeed: true);
        await using var here = await LiveHost.StartAsync(storage, access: TestRules.Of(Own));
        await using var there = await LiveHost.StartAsync(storage, access: TestRules.Of(Own));
        await using var ann = await UserAsync(here, "ann");
        await using var root = await UserAsync(there, "root");
        await root.PutAsync(Path, """{"insert":[{"id":"1","owner":"ann"},{"id":"2","owner":"bob"}]}""");
        Assert.True((bool)(await ann.PutAsync(Path, """{"patch":[{"id":"1","n":1}]}"""))["ok"]!); // this host knows the collection

        // From here on this host hears nothing, and takes the item for ann's.
        var (waiting, silence) = (0, new TaskCompletionSource());
        storage.BeforeList = stop =>
        {
            Interlocked.Increment(ref waiting);
            return silence.Task.WaitAsync(stop);
        };
        await Wait.UntilAsync(() => Volatile.Read(ref waiting) >= 2, "both hosts wait for a list");
        await root.PutAsync(Path, """{"insert":[{"id":"1","owner":"bob"},{"id":"2","owner":"ann"}]}""");
        foreach (var update in new[]
        {
            """{"patch":[{"id":"1","n":2}]}""", """{"insert":[{"id":"1","owner":"ann"}]}""", """{"inc":[{"id":"1","path":"n","by":1}]}""",
        })
        {
            Assert.Equal("forbidden", (string?)(await ann.PutAsync(Path, update))["error"]?["code"]);
        }
        Assert.True((bool)(await ann.PutAsync(Path, """{"remove":["1"]}"""))["ok"]!); // hidden: as if it were absent
        Assert.True((bool)(await ann.PutAsync(Path, """{"patch":[{"id":"2","n":3}]}"""))["ok"]!);
        silence.SetResult();
        const string Both = """[{"id":"1","owner":"bob"},{"id":"2","owner":"ann","n":3}]""";
        await Wait.UntilAsync(
            async () => (await root.GetAsync(Path))["data"]!.ToJsonString() == Both, "the other host has the update, and only that");
    }

    [Fact]
    public async Task RestrictedWritersOfTwoHostsKeepTheirCounters()
    {
        var storage = new MemoryStorage(hasFeed: true);
        await using var here = await LiveHost.StartAsync(storage, access: TestRules.Of(Own));
        await using var there = await LiveHost.StartAsync(storage, access: TestRules.Of(Own));
        await Task.WhenAll(
            from host in new[] { here, there } from user in new[] { "ann", "bob" } select CountAsync(host, user));
        await using var root = await UserAsync(here, "root");
        var items = (await root.GetAsync(Path))["data"]!.AsArray().Select(item => $"{item!["id"]} {item["owner"]} {item["n"]}");
        Assert.Equal(["ann ann 100", "bob bob 100"], items.Order(StringComparer.Ordinal));

        static async Task CountAsync(LiveHost host, string user)
        {
            await using var client = await UserAsync(host, user);
            var other = user == "ann" ? "bob" : "ann";
            for (var count = 0; count < 50; count++)
            {
                var reply = await client.PutAsync(
                    Path, $$"""{"patch":[{"id":"{{user}}","owner":"{{user}}"}],"inc":[{"id":"{{user}}","path":"n","by":1}]}""");
                Assert.True((bool)reply["ok"]!, reply.ToJsonString());
                await client.PutAsync(Path, $$"""{"inc":[{"id":"{{other}}","path":"n","by":1000}]}""");
            }
        }
    }

    [Fact]
    public async Task FieldsThatARuleSetsStayRightInPatchesAndIncrements()
    {
        await using var host = await LiveHost.StartAsync(limits: Patient, time: _time, access: TestRules.Of(Signed));
        await using var ann = await UserAsync(host, "ann");
        await using var bob = await UserAsync(host, "bob");
        await AcceptAsync(ann, """{"patch":[{"id":"1","owner":"bob","text":"x"}]}""", """{"id":"1","owner":"ann","text":"x","at":1790000000}""");
        _time.Advance(TimeSpan.FromSeconds(1));
        await AcceptAsync(ann, """{"patch":[{"id":"1","owner":"bob"}]}""", """{"id":"1","owner":"ann","text":"x","at":1790000001}""");
        await AcceptAsync(
            ann, """{"inc":[{"id":"1","path":"n","by":2},{"id":"1","path":"at","by":500}]}""",
            """{"id":"1","owner":"ann","text":"x","at":1790000001,"n":2}""");
        _time.Advance(TimeSpan.FromSeconds(1));
        await AcceptAsync(
            ann, """{"if":{"match":{"1":{"owner":"ann","n":2}}},"patch":[{"id":"1","text":null}]}""",
            """{"id":"1","owner":"ann","at":1790000002,"n":2}""");
        foreach (var update in new[]
        {
            """{"patch":[{"id":"1","owner":"bob"}]}""", """{"inc":[{"id":"1","path":"n","by":1}]}""",
            """{"if":{"match":{"1":{"owner":"bob"}}},"patch":[{"id":"1","n":1}]}""", // before the conflict
        })
        {
            Assert.Equal("forbidden", (string?)(await bob.PutAsync(Path, update))["error"]?["code"]);
        }
        var conflict = await ann.PutAsync(Path, """{"if":{"match":{"1":{"n":3}}},"patch":[{"id":"1","n":1}]}""");
        Assert.Equal("conflict", (string?)conflict["error"]?["code"]);
        Assert.Equal(2, (int)conflict["conflicts"]![0]!["item"]!["n"]!);
    }

    [Fact]
    public async Task ItemsWithALifetimeHaveTheFieldsThatARuleSetsAndEnd()
    {
        await using var host = await LiveHost.StartAsync(limits: Patient, time: _time, access: TestRules.Of(Signed));
        await using var ann = await UserAsync(host, "ann");
        await using var bob = await UserAsync(host, "bob");
        await bob.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
        await bob.NotificationAsync();
        await AcceptAsync(ann, """{"insert":[{"id":"1","owner":"bob"}],"ttl":10}""", """{"id":"1","owner":"ann","at":1790000000}""");
        _time.Advance(TimeSpan.FromSeconds(8));
        await AcceptAsync(ann, """{"patch":[{"id":"1"}],"ttl":10}""", """{"id":"1","owner":"ann","at":1790000008}""");
        _time.Advance(TimeSpan.FromSeconds(8));
        await AcceptAsync(ann, """{"inc":[{"id":"1","path":"n","by":1}],"ttl":10}""", """{"id":"1","owner":"ann","at":1790000016,"n":1}""");
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Single((await ann.GetAsync(Path))["data"]!.AsArray());
        await PassAsync(async () => (await ann.GetAsync(Path))["data"]!.AsArray().Count == 0, "the lifetime has ended");
        while (bob.KeptNotifications > 1) await bob.NotificationAsync();
        for (var count = 0; count < 3; count++) Assert.Single((await bob.NotificationAsync())["data"]!["insert"]!.AsArray());
        Assert.Equal("1", (string?)(await bob.NotificationAsync())["data"]!["remove"]![0]);
    }

    /// <summary>A renewal is judged before its record is stored, and again at its commit.</summary>
    [Fact]
    public async Task ARefusedRenewalIsOneRefusal()
    {
        const string Rule = "/counted/items/*"; // no other test has it
        var refusals = 0L;
        using var listener = new MeterListener();
        listener.SetMeasurementEventCallback<long>((_, count, labels, _) =>
        {
            foreach (var (_, value) in labels)
            {
                if (Rule.Equals(value)) Interlocked.Add(ref refusals, count);
            }
        });
        listener.EnableMeasurementEvents(HostMeter.Refusals);
        var rule = Signed.Replace("/a/items/*", Rule, StringComparison.Ordinal);
        await using var host = await LiveHost.StartAsync(limits: Patient, time: _time, access: TestRules.Of(rule));
        await using var ann = await UserAsync(host, "ann");
        await using var bob = await UserAsync(host, "bob");
        Assert.True((bool)(await ann.PutAsync("/counted/items/a", """{"insert":[{"id":"1"}],"ttl":60}"""))["ok"]!);
        var reply = await bob.PutAsync("/counted/items/a", """{"patch":[{"id":"1"}],"ttl":1000}""");
        Assert.Equal("forbidden", (string?)reply["error"]?["code"]);
        Assert.Equal(1, Interlocked.Read(ref refusals));
    }

    [Theory]
    [InlineData("""{"patch":[{"id":"1"}],"ttl":0.1}""", "forbidden")]
    [InlineData("""{"patch":[{"id":"1"}],"ttl":1000}""", "forbidden")]
    [InlineData("""{"patch":[{"id":"1","x":1}],"ttl":1000}""", "forbidden")]
    [InlineData("""{"inc":[{"id":"1","path":"n","by":0}],"ttl":0.1}""", "forbidden")]
    public async Task ARefusedUpdateChangesNoLifetime(string update, string code)
    {
        await using var host = await LiveHost.StartAsync(limits: Patient, time: _time, access: TestRules.Of(Signed));
        await using var ann = await UserAsync(host, "ann");
        await using var bob = await UserAsync(host, "bob");
        await ann.PutAsync(Path, """{"insert":[{"id":"1"}],"ttl":60}""");
        Assert.Equal(code, (string?)(await bob.PutAsync(Path, update))["error"]?["code"]);
        for (var second = 0; second < 55; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await host.SettledAsync();
        }
        Assert.Single((await ann.GetAsync(Path))["data"]!.AsArray());
        await PassAsync(async () => (await ann.GetAsync(Path))["data"]!.AsArray().Count == 0, "the lifetime has ended");
        Assert.InRange(_time.GetUtcNow().ToUnixTimeSeconds() - 1_790_000_000, 60, 63);
    }

    [Theory]
    [InlineData("0.1")]
    [InlineData("1000")]
    public async Task ARefusedUpdateChangesNoLifetimeOnAnotherHost(string ttl)
    {
        var storage = new MemoryStorage(hasFeed: true);
        await using var here = await LiveHost.StartAsync(storage, limits: Patient, time: _time, access: TestRules.Of(Signed));
        await using var there = await LiveHost.StartAsync(storage, limits: Patient, time: _time, access: TestRules.Of(Signed));
        await using var ann = await UserAsync(here, "ann");
        await using var bob = await UserAsync(there, "bob");
        await ann.PutAsync(Path, """{"insert":[{"id":"1"}],"ttl":60}""");
        await Wait.UntilAsync(async () => (await bob.GetAsync(Path))["data"]!.AsArray().Count == 1, "the other host knows the item");
        var reply = await bob.PutAsync(Path, $$"""{"patch":[{"id":"1"}],"ttl":{{ttl}}}""");
        Assert.Equal("forbidden", (string?)reply["error"]?["code"]);
        for (var second = 0; second < 55; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await here.SettledAsync();
            await there.SettledAsync();
        }
        Assert.Single((await ann.GetAsync(Path))["data"]!.AsArray());
        await PassAsync(async () => (await ann.GetAsync(Path))["data"]!.AsArray().Count == 0, "the lifetime has ended");
        Assert.InRange(_time.GetUtcNow().ToUnixTimeSeconds() - 1_790_000_000, 60, 63);
    }

    [Fact]
    public async Task AFailedConditionChangesNoLifetime()
    {
        await using var host = await LiveHost.StartAsync(limits: Patient, time: _time);
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync(Path, """{"insert":[{"id":"1","n":1}],"ttl":60}""");
        foreach (var ttl in new[] { "0.1", "1000" })
        {
            var reply = await client.PutAsync(Path, $$$$"""{"if":{"match":{"1":{"n":2}}},"patch":[{"id":"1"}],"ttl":{{{{ttl}}}}}""");
            Assert.Equal("conflict", (string?)reply["error"]?["code"]);
        }
        for (var second = 0; second < 55; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await host.SettledAsync();
        }
        Assert.Single((await client.GetAsync(Path))["data"]!.AsArray());
        await PassAsync(async () => (await client.GetAsync(Path))["data"]!.AsArray().Count == 0, "the lifetime has ended");
        Assert.InRange(_time.GetUtcNow().ToUnixTimeSeconds() - 1_790_000_000, 60, 63);
    }

    [Fact]
    public async Task ARenewalWhoseUpdateFailsLaterIsTakenBack()
    {
        var storage = new MemoryStorage();
        await using var host = await LiveHost.StartAsync(storage, limits: Patient, time: _time);
        await using var one = await Client.ConnectAsync(host.Url);
        await using var other = await Client.ConnectAsync(host.Url);
        await one.PutAsync(Path, """{"insert":[{"id":"1","n":1}],"ttl":60}""");
        var (reached, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        storage.BeforeCommit = (batch, _) =>
        {
            if (!batch.Any(update => update.Key == OwnCollection.Key)) return Task.CompletedTask;
            reached.TrySetResult();
            return go.Task;
        };
        var late = one.PutAsync(Path, """{"if":{"match":{"1":{"n":1}}},"patch":[{"id":"1"}],"ttl":1000}""");
        await reached.Task; // the condition held, and the renewal is being stored
        var first = other.PutAsync(Path, """{"patch":[{"id":"1","n":2}]}""");
        var large = new string('x', 300 << 10); // counts in the budget of unanswered requests
        var second = other.PutAsync("/a/items/large", $$"""{"insert":[{"id":"1","x":"{{large}}"}]}""");
        await Wait.UntilAsync(() => host.RequestBytes > 0, "the other updates wait");
        await host.SettledAsync();
        go.SetResult();
        Assert.True((bool)(await first)["ok"]!);
        Assert.True((bool)(await second)["ok"]!);
        Assert.Equal("conflict", (string?)(await late)["error"]?["code"]);
        Assert.Contains("\"ttl\":1000", Records(), StringComparison.Ordinal);
        await PassAsync(() => Task.FromResult(!Records().Contains("\"ttl\":1000", StringComparison.Ordinal)), "the record is corrected");
        while (_time.GetUtcNow().ToUnixTimeSeconds() < 1_790_000_055)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await host.SettledAsync();
        }
        Assert.Single((await one.GetAsync(Path))["data"]!.AsArray());
        await PassAsync(async () => (await one.GetAsync(Path))["data"]!.AsArray().Count == 0, "the lifetime has ended");
        Assert.InRange(_time.GetUtcNow().ToUnixTimeSeconds() - 1_790_000_000, 60, 63);

        string Records() => string.Concat(storage.Read(OwnCollection.Key).Items.Select(item => Encoding.UTF8.GetString(item.Json.Span)));
    }

    [Fact]
    public async Task AMatchSeesHiddenItemsAsAbsent()
    {
        await using var host = await LiveHost.StartAsync(access: TestRules.Of(Own));
        await using var root = await UserAsync(host, "root");
        await using var ann = await UserAsync(host, "ann");
        await root.PutAsync(Path, """{"insert":[{"id":"1","owner":"ann","n":1},{"id":"2","owner":"bob","n":1}]}""");
        Assert.Equal("conflict null", await MatchAsync("2", """{"n":1}"""));
        Assert.Equal("conflict null", await MatchAsync("2", """{"n":2}"""));
        Assert.Equal("conflict null", await MatchAsync("3", """{"n":{"$exists":false}}"""));
        Assert.Equal("conflict 1", await MatchAsync("1", """{"n":2}"""));
        Assert.Equal(" ", await MatchAsync("1", """{"n":1,"owner":"ann"}"""));
        await root.PutAsync(Path, """{"insert":[{"id":"1","owner":"bob","n":1}]}""");
        Assert.Equal("conflict null", await MatchAsync("1", """{"n":1}"""));

        async Task<string> MatchAsync(string id, string match)
        {
            var reply = await ann.PutAsync(Path, $$$"""{"if":{"match":{"{{{id}}}":{{{match}}}}},"insert":[{"id":"new","owner":"ann"}]}""");
            var conflict = reply["conflicts"]?[0];
            Assert.DoesNotContain("bob", reply.ToJsonString());
            return $"{reply["error"]?["code"]} {(conflict is null ? "" : conflict["item"]?["n"]?.ToString() ?? "null")}";
        }
    }

    [Fact]
    public async Task AWindowCountsAndHoldsVisibleItemsOnly()
    {
        await using var host = await LiveHost.StartAsync(access: TestRules.Of(Own));
        await using var root = await UserAsync(host, "root");
        await using var ann = await UserAsync(host, "ann");
        var items = Enumerable.Range(1, 9).Select(n => $$"""{"id":"{{n}}","owner":"{{(n % 3 == 0 ? "bob" : "ann")}}","n":{{n}}}""");
        await root.PutAsync(Path, $$"""{"insert":[{{string.Join(',', items)}}]}""");
        await ann.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{"order":[["n",-1]],"limit":2}]]}""");
        var first = await ann.NotificationAsync();
        Assert.Equal("7,8 of 6", $"{Ids(first["data"]!["insert"]!)} of {first["total"]}");
        await root.PutAsync(Path, """{"insert":[{"id":"9","owner":"bob","n":90}],"remove":["6"]}"""); // no trace
        await root.PutAsync(Path, """{"insert":[{"id":"8","owner":"bob","n":8}]}""");
        var left = await ann.NotificationAsync();
        Assert.Equal("8 5 of 5", $"{left["data"]!["remove"]![0]} {Ids(left["data"]!["insert"]!)} of {left["total"]}");
        await root.PutAsync(Path, """{"insert":[{"id":"9","owner":"ann","n":90}]}""");
        var came = await ann.NotificationAsync();
        Assert.Equal("5 9 of 6", $"{came["data"]!["remove"]![0]} {Ids(came["data"]!["insert"]!)} of {came["total"]}");
        var page = await ann.AskAsync("GET", Path, """{"order":[["n",-1]],"limit":2,"after":[8,"8"]}"""); // the place of a hidden item
        Assert.Equal("5,7 of 6", $"{Ids(page["data"]!)} of {page["total"]}");
    }

    private static async Task AcceptAsync(Client client, string update, string item)
    {
        var reply = await client.PutAsync(Path, update);
        Assert.True((bool)reply["ok"]!, reply.ToJsonString());
        Assert.Equal($"[{item}]", (await client.GetAsync(Path))["data"]!.ToJsonString());
    }

    /// <summary>Lets the time pass until a condition holds.</summary>
    private Task PassAsync(Func<Task<bool>> condition, string what) => Wait.UntilAsync(async () =>
    {
        _time.Advance(TimeSpan.FromSeconds(0.2));
        return await condition();
    }, what);

    private static async Task<Client> UserAsync(LiveHost host, string name)
    {
        var client = await Client.ConnectAsync(host.Url);
        Assert.True((bool)(await client.PutAsync("/auth", $$"""{"token":"ssk_{{name}}"}"""))["ok"]!);
        return client;
    }

    private static string Ids(JsonNode items) =>
        string.Join(',', items.AsArray().Select(item => (string)item!["id"]!).Order(StringComparer.Ordinal));
}
