using System.Diagnostics;
using System.Text;
using SharedState.Items.Redis;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>What one host commits to a Redis is told to another, and read exactly; and where it can't be, that is noticed.</summary>
public sealed class RedisFeedTests : RedisTests
{
    private static readonly Layout _layout = new("items");

    [RedisFact]
    public async Task WhatOneHostCommitsIsToldToAnotherAndReadExactly()
    {
        var server = await StartAsync();
        var (one, two) = (await OpenAsync(server), await OpenAsync(server));
        var start = (await LoadAsync(two)).Position;
        await using var lists = Watch(two);
        Assert.Empty(await NextAsync(lists));

        string[] ids = ["a", "-a", "+a", "*", "!", "b", "\0", "a\0b", "a b\r\n", "ä😀", new('x', 1024)];
        ItemUpdate[] updates =
        [
            new() { Key = Key, Insert = [.. ids.Select(id => Unusual(id))] },
            new() { Key = Key, Remove = ["nothing"] },
            new() { Key = Key, Remove = ["-a", "\0", "nothing", "*"], Insert = [Unusual("a\0b", "2")] },
            new() { Key = Key, Reset = true },
            new() { Key = Key, Reset = true, Insert = [Unusual("!")] },
        ];
        await one.CommitAsync(updates, CancellationToken.None);
        Assert.Equal([new CollectionPosition(Key, start with { Revision = 4 })], await NextAsync(lists));

        var commits = await ReadAsync(two, start);
        Assert.Equal([1, 2, 3, 4], commits!.Select(commit => commit.Revision));
        ItemUpdate[] expected = [updates[0], new() { Key = Key, Remove = ["-a", "\0", "*"], Insert = updates[2].Insert }, updates[3], updates[4]];
        foreach (var (read, update) in commits!.Select(commit => commit.Update).Zip(expected))
        {
            Assert.Equal((Key, update.Reset), (read.Key, read.Reset));
            Assert.Equal(update.Remove, read.Remove);
            Assert.Equal(update.Insert.Select(item => item.Id), read.Insert.Select(item => item.Id));
            Assert.Equal(update.Insert.Select(item => item.Json.ToArray()), read.Insert.Select(item => item.Json.ToArray()));
        }
    }

    [RedisFact]
    public async Task AHostIsNotWokenByItsOwnCommitsAndAListComesAllTheSame()
    {
        var service = await OpenAsync(await StartAsync());
        await using var lists = Watch(service);
        Assert.Empty(await NextAsync(lists));
        for (var n = 0; n < 4; n++)
        {
            var asked = Stopwatch.StartNew();
            var list = NextAsync(lists);
            await InsertAsync(service, $"{n}");
            Assert.Empty(await list);
            Assert.True(asked.Elapsed > TimeSpan.FromSeconds(0.3), $"woken after {asked.Elapsed}");
        }
    }

    [RedisFact]
    public async Task ADatabaseHearsNothingOfAnother()
    {
        var server = await StartAsync();
        var (here, there) = (await OpenAsync(server), await OpenAsync(server.Config(name: "3")));
        await using var lists = Watch(here);
        Assert.Empty(await NextAsync(lists));
        for (var n = 0; n < 3; n++)
        {
            await InsertAsync(there, $"{n}");
            Assert.Empty(await NextAsync(lists));
        }
    }

    [RedisTheory]
    [InlineData("trimmed")]
    [InlineData("large")]
    [InlineData("many")]
    [InlineData("foreign")]
    [InlineData("gone")]
    [InlineData("of another type")]
    public async Task WhatIsNotInTheStreamCantBeTold(string why)
    {
        var server = await StartAsync();
        var (one, two) = (await OpenAsync(server, options => options with { ChangesKept = 100 }), await OpenAsync(server));
        var before = await InsertAsync(one, "a");
        var stream = _layout.Of(Key).Changes;
        var others = new CollectionKey("app", "others");
        await CommitAsync(one, new ItemUpdate { Key = others, Insert = [NewItem("a")] });
        switch (why)
        {
            case "trimmed":
                for (var n = 0; n < 300; n++) await InsertAsync(one, "a");
                break;
            case "large":
                await CommitAsync(one, new ItemUpdate { Key = Key, Insert = [NewItem("a", new string('x', 70_000))] });
                break;
            case "many":
                await InsertAsync(one, [.. Enumerable.Range(0, 600).Select(n => $"{n}")]);
                break;
            case "foreign":
                await server.Database.StreamAddAsync(stream, "field", "value", "2-0");
                break;
            case "gone":
                await InsertAsync(one, "a");
                await server.Database.KeyDeleteAsync(stream);
                break;
            default:
                await server.Database.KeyDeleteAsync(stream);
                await server.Database.StringSetAsync(stream, "of another program");
                break;
        }

        // The other collection of the same question is told of all the same.
        var start = (await LoadAsync(two, others)).Position with { Revision = 0 };
        var answers = await two.ReadAsync([new(Key, before), new(others, start)], CancellationToken.None);
        Assert.Null(answers[0]);
        Assert.Equal(1, Assert.Single(answers[1]!).Revision);

        if (why is not ("trimmed" or "large" or "many")) return;
        var position = (await LoadAsync(two)).Position;
        Assert.Empty((await ReadAsync(two, position))!);
        await InsertAsync(one, "b");
        Assert.Equal("b", Assert.Single(Assert.Single((await ReadAsync(two, position))!).Update.Insert).Id);
    }

    [RedisFact]
    public async Task AnAnswerIsBoundedAndEveryCollectionGetsOn()
    {
        var server = await StartAsync();
        var (one, two) = (await OpenAsync(server), await OpenAsync(server, options => options with { ReadBytes = 400_000 }));
        CollectionKey[] keys = [.. Enumerable.Range(0, 10).Select(n => new CollectionKey("app", $"{n}"))];
        var text = new string('x', 10_000);
        for (var n = 0; n < 20; n++)
            await one.CommitAsync(
                [.. keys.Select(key => new ItemUpdate { Key = key, Insert = [NewItem($"{n}", text)] })], CancellationToken.None);
        CollectionPosition[] since =
        [
            .. await Task.WhenAll(
                keys.Select(async key => new CollectionPosition(key, (await LoadAsync(two, key)).Position with { Revision = 0 }))),
        ];
        for (var calls = 1; ; calls++)
        {
            var answers = await two.ReadAsync(since, CancellationToken.None);
            Assert.InRange(answers.Sum(commits => commits!.Sum(commit => commit.Update.Insert.Sum(item => item.Json.Length))), 0, 400_000);
            if (answers.All(commits => commits!.Count == 0))
            {
                Assert.InRange(calls, 6, 12); // 2,000,000 bytes, and the last one that says that it is the last
                break;
            }
            for (var i = 0; i < since.Length; i++)
            {
                if (since[i].Position.Revision < 20) Assert.NotEmpty(answers[i]!);
                foreach (var commit in answers[i]!)
                {
                    Assert.Equal($"{since[i].Position.Revision}", Assert.Single(commit.Update.Insert).Id);
                    since[i] = since[i] with { Position = since[i].Position with { Revision = commit.Revision } };
                }
            }
        }
        Assert.All(since, position => Assert.Equal(20, position.Position.Revision));
    }

    private static Item Unusual(string id, string text = "") => new(
        id, Encoding.UTF8.GetBytes($" {{\"id\" : \"{id.Replace("\0", "\\u0000", StringComparison.Ordinal)}\", \"{text}\":1.0e0 }}"));
}
