using Microsoft.Extensions.Time.Testing;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>Several hosts on one storage that tells of commits are one server: one order, nothing lost, nothing stale.</summary>
public sealed class SeveralHostsTests : IAsyncLifetime
{
    private const string Path = "/app/items/a";

    private readonly MemoryStorage _storage = new(hasFeed: true);
    private readonly FakeTimeProvider _time = new();
    private LiveHost _here = null!, _there = null!;
    private Client _a = null!, _b = null!;
    private TaskCompletionSource? _silence; // until when no list comes

    public async Task InitializeAsync()
    {
        _here = await LiveHost.StartAsync(_storage);
        _there = await LiveHost.StartAsync(_storage, time: _time);
        _a = await Client.ConnectAsync(_here.Url);
        _b = await Client.ConnectAsync(_there.Url);
    }

    public async Task DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _here.DisposeAsync();
        await _there.DisposeAsync();
    }

    [Fact]
    public async Task WhatOneHostStoresTheOthersFollowersGetAsItsOwnDo()
    {
        await FollowAsync(_a);
        await FollowAsync(_b);
        foreach (var update in new[] { """{"insert":[{"id":"1"},{"id":"2"}]}""", """{"remove":["1"]}""", """{"reset":true,"insert":[{"id":"3"}]}""" })
        {
            await _a.PutAsync(Path, update);
            Assert.Equal((await _a.NotificationAsync()).ToJsonString(), (await _b.NotificationAsync()).ToJsonString());
        }
        Assert.Equal((await _a.GetAsync(Path))["data"]!.ToJsonString(), (await _b.GetAsync(Path))["data"]!.ToJsonString());
    }

    [Fact]
    public async Task TwoHostsThatWriteAtOnceShowOneSequence()
    {
        const int Writers = 4, Updates = 100;
        await FollowAsync(_a);
        await FollowAsync(_b);
        await Task.WhenAll(
            Enumerable
                .Range(0, 2 * Writers)
                .Select(async writer =>
                {
                    await using var client = await Client.ConnectAsync(writer % 2 == 0 ? _here.Url : _there.Url);
                    for (var value = 1; value <= Updates; value++)
                    {
                        var reply = await client.PutAsync(
                            Path, $$"""{"insert":[{"id":"w{{writer}}","value":{{value}}},{"id":"last","value":"{{writer}} {{value}}"}]}""");
                        Assert.True((bool)reply["ok"]!, reply.ToJsonString());
                    }
                }));
        var (one, other) = (await SequenceAsync(_a), await SequenceAsync(_b));
        Assert.Equal(one, other);
        Assert.Equal(2 * Writers * Updates, one.Count);

        async Task<List<string>> SequenceAsync(Client client)
        {
            var seen = new List<string>();
            while (seen.Count < 2 * Writers * Updates)
            {
                var message = await client.NotificationAsync();
                Assert.Equal(seen.Count, (long)message["prev"]!);
                Assert.Equal(seen.Count + 1, (long)message["rev"]!);
                seen.Add(message["data"]!.ToJsonString());
            }
            return seen;
        }
    }

    [Fact]
    public async Task AnUpdateThatBuildsOnOthersIsAnsweredWhenTheyWereTold()
    {
        await FollowAsync(_b);
        await SilenceAsync();
        await _a.PutAsync(Path, """{"insert":[{"id":"1"}]}""");
        await _a.PutAsync(Path, """{"insert":[{"id":"2"}]}""");
        var reply = await _b.PutAsync(Path, """{"insert":[{"id":"3"}]}""");
        Assert.True((bool)reply["ok"]!);
        Assert.Equal(3, (long)reply["rev"]!);
        Assert.Equal(3, _b.KeptNotifications); // they came before the reply
        for (var id = 1; id <= 3; id++) Assert.Equal($"{id}", (string?)(await _b.NotificationAsync())["data"]!["insert"]![0]!["id"]);
        Assert.Equal(3, (await _b.GetAsync(Path))["data"]!.AsArray().Count);
    }

    [Fact]
    public async Task AClientThatComesFromAnotherHostIsGivenWhatItMissedAndNoReset()
    {
        await _b.PutAsync(Path, """{"insert":[{"id":"1"}]}""");
        await SilenceAsync();
        var known = await _a.PutAsync(Path, """{"insert":[{"id":"2"}]}""");
        await _b.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{"since":{{known["rev"]}},"epoch":"{{known["epoch"]}}"}]]}""");
        var first = await _b.NotificationAsync();
        Assert.False((bool)first["data"]!["reset"]!);
        Assert.Equal((2, 2), ((long)first["prev"]!, (long)first["rev"]!));
        await _a.PutAsync(Path, """{"insert":[{"id":"3"}]}""");
        Speak();
        Assert.Equal("3", (string?)(await _b.NotificationAsync())["data"]!["insert"]![0]!["id"]);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(12)] // by then it has given up on the list that it waited for
    public async Task AHostThatWasAwayAsksWhatItMissedBeforeItServes(int seconds)
    {
        await _b.PutAsync(Path, """{"insert":[{"id":"0"}]}""");
        await SilenceAsync();
        await _a.PutAsync(Path, """{"insert":[{"id":"1"}]}""");
        Assert.Single((await _b.GetAsync(Path))["data"]!.AsArray()); // which nobody told it of
        _time.Advance(TimeSpan.FromSeconds(seconds));
        Assert.Equal(2, (await _b.GetAsync(Path))["data"]!.AsArray().Count);
    }

    [Fact]
    public async Task WhatWasCommittedWhileTheFeedWasAwayIsCaughtUpWith()
    {
        await FollowAsync(_b);
        _storage.BeforeList = _ => throw new ItemServiceException(ItemServiceFault.Unavailable, "away");
        for (var id = 1; id <= 5; id++) Assert.True((bool)(await _a.PutAsync(Path, $$"""{"insert":[{"id":"{{id}}"}]}"""))["ok"]!);
        Assert.True((bool)(await _b.GetAsync(Path))["ok"]!);
        (_storage.BeforeList, _storage.MostCommits) = (null, 2);
        var revision = 0L;
        while (revision < 5)
        {
            var told = _b.NotificationAsync();
            await Wait.UntilAsync(
                () =>
                {
                    _time.Advance(TimeSpan.FromMilliseconds(20)); // for the pauses between attempts
                    return told.IsCompleted;
                },
                "it catches up");
            var message = await told;
            Assert.Equal(revision, (long)message["prev"]!);
            revision = (long)message["rev"]!;
        }
    }

    [Fact]
    public async Task WhatAnAnswerLeavesOutIsAskedForAgain()
    {
        await FollowAsync(_b);
        await SilenceAsync();
        for (var id = 1; id <= 7; id++) await _a.PutAsync(Path, $$"""{"insert":[{"id":"{{id}}"}]}""");
        _storage.MostCommits = 2;
        Speak();
        for (var id = 1; id <= 7; id++) Assert.Equal($"{id}", (string?)(await _b.NotificationAsync())["data"]!["insert"]![0]!["id"]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("e2")]
    public async Task WhatCannotBeToldIsReadAsAWhole(string? epoch)
    {
        await FollowAsync(_b);
        await SilenceAsync();
        for (var id = 1; id <= 3; id++) await _a.PutAsync(Path, $$"""{"insert":[{"id":"{{id}}"}]}""");
        _storage.LoseHistory(epoch);
        Speak();
        var message = await _b.NotificationAsync();
        Assert.Equal(3, message["data"]!["insert"]!.AsArray().Count);
        Assert.True((bool)message["data"]!["reset"]!);
    }

    [Fact]
    public async Task AFeedWhoseCancellationThrowsEndsNoTimersThread()
    {
        await FollowAsync(_b);
        var waits = new TaskCompletionSource();
        _storage.BeforeList = async stop =>
        {
            // As a driver that tells its server to give up, and cannot reach it.
            using var registration = stop.Register(() => throw new InvalidOperationException("the driver cannot cancel"));
            waits.TrySetResult();
            await Task.Delay(Timeout.Infinite, stop);
        };
        await Task.WhenAny(waits.Task, MoveAsync());
        _time.Advance(TimeSpan.FromSeconds(9)); // longer than any call is waited for: this is where a timer would have thrown
        _storage.BeforeList = null;
        await _a.PutAsync(Path, """{"insert":[{"id":"1"}]}""");
        var told = _b.NotificationAsync();
        while (await Task.WhenAny(told, Task.Delay(5)) != told) _time.Advance(TimeSpan.FromMilliseconds(250));
        Assert.Equal(1, (int)(await told)["rev"]!);

        async Task MoveAsync()
        {
            while (!waits.Task.IsCompleted)
            {
                await Task.Delay(5);
                _time.Advance(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    [Fact]
    public async Task TheHostsOwnCommitsAreNotAskedFor()
    {
        await FollowAsync(_a);
        var before = _storage.Reads;
        for (var value = 1; value <= 200; value++) await _a.PutAsync(Path, $$"""{"insert":[{"id":"1","value":{{value}}}]}""");
        Assert.InRange(_storage.Reads - before, 0, 20);
    }

    [Theory]
    [InlineData("reading fails")]
    [InlineData("reading throws")]
    [InlineData("listing throws")]
    public async Task AFeedWithABugCostsNoAnswer(string bug)
    {
        await FollowAsync(_b);
        _storage.BeforeRead = bug switch
        {
            "reading fails" => _ => throw new ItemServiceException(ItemServiceFault.Unavailable, bug),
            "reading throws" => _ => throw new InvalidOperationException(bug),
            _ => null,
        };
        if (bug == "listing throws") _storage.BeforeList = _ => throw new InvalidOperationException(bug);
        Assert.True((bool)(await _a.PutAsync(Path, """{"insert":[{"id":"1"}]}"""))["ok"]!);
        Assert.True((bool)(await _b.PutAsync(Path, """{"insert":[{"id":"2"}]}"""))["ok"]!);
        Assert.Equal(2, (await _b.GetAsync(Path))["data"]!.AsArray().Count);
    }

    private static async Task FollowAsync(Client client)
    {
        await client.PutAsync("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
        await client.NotificationAsync();
    }

    /// <summary>From when this returns, nothing is told of commits.</summary>
    private async Task SilenceAsync()
    {
        var (waiting, silence) = (0, new TaskCompletionSource());
        _silence = silence;
        _storage.BeforeList = stop =>
        {
            Interlocked.Increment(ref waiting);
            return silence.Task.WaitAsync(stop);
        };
        await Wait.UntilAsync(() => Volatile.Read(ref waiting) >= 2, "both hosts wait for a list");
    }

    private void Speak() => _silence!.SetResult();
}
