using System.Diagnostics;
using System.Text;
using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>What one host is told of the commits of others.</summary>
public sealed class MySqlFeedTests : MySqlTests
{
    private static readonly CollectionKey _other = Key with { Collection = "other" };

    [MariaDbFact]
    public async Task WhatAnotherHostCommitsIsToldAndIsReadByteByByte()
    {
        var (writer, reader) = (await OpenAsync(), await OpenAsync());
        await using var follower = new Follower(reader);
        await follower.LoadAsync(Key);
        await follower.NextAsync();
        string[] ids = ["a", "A", "a ", "\0", "\\", "'", "😀", new string('é', 512)];
        Item[] items = [.. ids.Select((id, n) => new Item(id, Encoding.UTF8.GetBytes(Json(id, n))))];
        ItemUpdate[] updates =
        [
            new() { Key = Key, Insert = items },
            new() { Key = Key, Remove = ["nothing", "A", "😀"], Insert = [NewItem("b")] },
            new() { Key = Key, Reset = true, Insert = [items[2], items[7]] },
            new() { Key = Key, Remove = [ids[7]] },
            new() { Key = Key, Reset = true },
        ];
        foreach (var update in updates) await CommitAsync(writer, update);

        // Several at once, of which some have no effect or lose.
        var results = await writer.CommitAsync(
            [updates[0], new() { Key = Key, Remove = ["nothing"] }, new() { Key = Key, Reset = true, Expected = new("other", 6) }, updates[1], new() { Key = _other, Insert = [NewItem("a")] }],
            CancellationToken.None);
        var last = results[3].Position;
        Assert.Equal(7, last.Revision);
        await follower.UntilAsync(() => follower.Told.ContainsKey(_other) && follower.Told[Key] == last);

        var commits = (await follower.ReadAsync(Key, last with { Revision = 0 }))!;
        Assert.Equal(Enumerable.Range(1, 7).Select(n => (long)n), commits.Select(commit => commit.Revision));
        Assert.Equal(
            items.Select(item => (item.Id, Follower.Text(item.Json))),
            commits[5].Update.Insert.Select(item => (item.Id, Follower.Text(item.Json))));
        Assert.Equal(["A", "😀"], commits[1].Update.Remove);
        Assert.Equal([false, false, true, false, true, false, false], commits.Select(commit => commit.Update.Reset));
        Assert.Equal(4, (await follower.ReadAsync(Key, last with { Revision = 3 }))!.Count);

        await follower.CatchUpAsync();
        Assert.Equal(last, follower.Collections[Key].Position);
        Assert.Equal(Texts(await LoadAsync(reader)), follower.Collections[Key].Items.Values.Order(StringComparer.Ordinal));
        Assert.Equal(1, follower.Loads);

        static string Json(string id, int n) =>
            $$""" { "x":{{n}}e0,	"id" : {{System.Text.Json.JsonSerializer.Serialize(id)}} , "x":"\u00e9\\ä😀'" }""";
    }

    [MariaDbFact]
    public async Task AListConfirmsAllThatWasCommittedBeforeItWasAskedFor()
    {
        var (writer, reader) = (await OpenAsync(), await OpenAsync());
        await using var follower = new Follower(reader);
        for (var n = 0; n < 30; n++)
        {
            var position = await InsertAsync(writer, $"{n}");
            await follower.NextAsync();
            Assert.Equal(position, follower.Told[Key]);
        }

        // Its own are among them.
        var own = await InsertAsync(reader, "own");
        await follower.NextAsync();
        Assert.Equal(own, follower.Told[Key]);
    }

    [MariaDbFact]
    public async Task WhereNothingHappensListsComeMoreRarelyButWithinASecond()
    {
        var service = await OpenAsync();
        await using var follower = new Follower(service);
        var started = Stopwatch.StartNew();
        var (lists, longest) = (0, TimeSpan.Zero);
        while (started.Elapsed < TimeSpan.FromSeconds(4))
        {
            var asked = started.Elapsed;
            Assert.Empty(await follower.NextAsync());
            lists++;
            if (started.Elapsed - asked > longest) longest = started.Elapsed - asked;
        }

        // A second of 50 ms, and three of 200. On a busy machine a single list may take longer than a second, but not most of them.
        Assert.InRange(lists, 4, 20 + 15 + 2);
        Assert.True(longest >= TimeSpan.FromMilliseconds(150), $"the longest took {longest}");
    }

    [MariaDbFact]
    public async Task WhatCantBeToldIsNull()
    {
        var service = await OpenAsync(options => options with { CommitBytes = 1000 });
        await using var follower = new Follower(service);
        var nowhere = (await LoadAsync(service)).Position;
        Assert.Empty((await follower.ReadAsync(Key, nowhere))!);
        Assert.Null(await follower.ReadAsync(Key, nowhere with { Revision = 1 }));
        Assert.Null(await follower.ReadAsync(Key, nowhere with { Epoch = "other" }));

        var first = await InsertAsync(service, "a");
        Assert.Equal(nowhere.Epoch, first.Epoch);
        Assert.Single((await follower.ReadAsync(Key, nowhere))!);
        Assert.Empty((await follower.ReadAsync(Key, first))!);
        foreach (var wrong in new[] { first with { Revision = 2 }, first with { Revision = -1 }, first with { Epoch = "other" } })
            Assert.Null(await follower.ReadAsync(Key, wrong));

        // One that is too large: nothing that leads past it is told, also in parts.
        var large = await CommitAsync(service, new ItemUpdate { Key = Key, Insert = [new Item("l", Encoding.UTF8.GetBytes($$"""{"id":"l","t":"{{new string('x', 1000)}}"}"""))] });
        await InsertAsync(service, "b");
        Assert.Null(await follower.ReadAsync(Key, nowhere));
        Assert.Null(await follower.ReadAsync(Key, first));
        Assert.Equal([3L], (await follower.ReadAsync(Key, large))!.Select(commit => commit.Revision));
        await follower.UntilAsync(() => follower.Told.TryGetValue(Key, out var position) && position.Revision == 3);

        // Several are answered in their order.
        var answers = await follower.ReadAsync(
            new(_other, nowhere), new(Key, first), new(Key with { App = "none" }, first), new(Key with { App = "APP" }, nowhere));
        Assert.Equal([0, null, null, 0], answers.Select(answer => answer?.Count));
    }

    [MariaDbFact]
    public async Task WhatAnotherProgramChangedIsToldAsANewEpoch()
    {
        var (writer, reader) = (await OpenAsync(), await OpenAsync());
        await using var follower = new Follower(reader);
        var before = await InsertAsync(writer, "a");
        await follower.UntilAsync(() => follower.Told.ContainsKey(Key));
        await SqlAsync("INSERT INTO items (app, chnl, id, data) VALUES ('app', 'collection', 'b', '1')");
        var adopted = (await LoadAsync(writer)).Position;
        await follower.NextAsync();
        Assert.Equal(adopted, follower.Told[Key]);
        Assert.NotEqual(before.Epoch, adopted.Epoch);
        Assert.Null(await follower.ReadAsync(Key, before));
        Assert.Null(await follower.ReadAsync(Key, before with { Epoch = adopted.Epoch }));
        await InsertAsync(writer, "c");
        Assert.Single((await follower.ReadAsync(Key, adopted))!);
    }

    [MariaDbFact]
    public async Task TheRowsOfAForgottenCollectionGoWhenItsCommitsWouldHave()
    {
        var service = await OpenAsync(options => options with
        {
            CommitsAge = TimeSpan.FromMilliseconds(1),
            PruneInterval = TimeSpan.FromMilliseconds(20),
        });
        await InsertAsync(service, "a");
        var at = await RemoveAsync(service, "a");
        await CommitAsync(service, new ItemUpdate { Key = _other, Insert = [NewItem("a")] });
        Assert.True(await service.ForgetAsync(Key, at, CancellationToken.None));
        Assert.Equal(
            ["2|0|1"],
            await SqlAsync(
                "SELECT (SELECT COUNT(*) FROM items__collections), (SELECT COUNT(*) FROM items__removals), COUNT(*) FROM items__commits "
                    + "WHERE revision = 0"));
        var forgotten = (await LoadAsync(service)).Position;
        Assert.NotEqual(at.Epoch, forgotten.Epoch);

        // It is the same collection without a row.
        await using var follower = new Follower(service);
        await follower.UntilAsync(() => SqlAsync("SELECT COUNT(*) FROM items__collections").Result is ["1"]);
        Assert.Equal(forgotten, (await LoadAsync(service)).Position);
        Assert.Equal(forgotten with { Revision = 1 }, await InsertAsync(service, "b"));
    }

    [MariaDbFact]
    public async Task WhatAnotherProgramWroteIsNotForgotten()
    {
        var service = await OpenAsync();
        await InsertAsync(service, "a");
        var at = await RemoveAsync(service, "a");
        await SqlAsync("INSERT INTO items (app, chnl, id, data) VALUES ('app', 'collection', 'b', '1')");
        Assert.False(await service.ForgetAsync(Key, at, CancellationToken.None));
        Assert.Single((await LoadAsync(service)).Items);
    }

    [MariaDbFact]
    public async Task ALongAnswerIsGivenInPartsOfWhichEachBringsEveryCollectionFurther()
    {
        const int Collections = 150, Updates = 12;
        var service = await OpenAsync(options => options with { AnswerBytes = 2000 });
        await using var follower = new Follower(service);
        CollectionKey[] keys = [.. Enumerable.Range(0, Collections).Select(n => new CollectionKey("app", $"{n}"))];
        foreach (var key in keys) await follower.LoadAsync(key);
        for (var n = 0; n < Updates; n++)
        {
            await service.CommitAsync(
                [.. keys.Select(key => new ItemUpdate { Key = key, Insert = [NewItem($"{n}")] })], CancellationToken.None);
        }

        var answers = await follower.ReadAsync([.. keys.Select(key => new CollectionPosition(key, follower.Collections[key].Position))]);
        Assert.All(answers, commits => Assert.InRange(commits!.Count, 1, Updates));
        Assert.InRange(answers.Sum(commits => commits!.Count), Collections, Collections * Updates / 2);
        await follower.CatchUpAsync();
        Assert.All(
            follower.Collections.Values,
            collection => Assert.Equal((Updates, Updates), ((int)collection.Position.Revision, collection.Items.Count)));
        Assert.Equal(Collections, follower.Loads);
    }

    [MariaDbFact]
    public async Task HowManyCollectionsAreLiveDoesNotChangeWhatIsAsked()
    {
        await using var server = await MariaDbServer.StartAsync();
        var database = await TestDatabase.CreateAsync(server);
        var service = await OpenAsync(change: config => (config["db_port"], config["db_name"]) = ($"{server.Port}", database.Name));
        await using var follower = new Follower(service);
        await service.CommitAsync(
            [.. Enumerable.Range(0, 500).Select(n => new ItemUpdate { Key = new("app", $"{n}"), Insert = [NewItem("a")] })],
            CancellationToken.None);
        await follower.UntilAsync(() => follower.Told.Count == 500);
        await follower.NextAsync();

        const int Lists = 10;
        var before = await SelectsAsync();
        for (var n = 0; n < Lists; n++) await follower.NextAsync();
        Assert.InRange(await SelectsAsync() - before, Lists, Lists + 1); // one may be the pruning's

        async Task<long> SelectsAsync() =>
            long.Parse((await server.SqlAsync("SHOW GLOBAL STATUS LIKE 'Com_select'"))[0].Split('|')[1], null);
    }
}
