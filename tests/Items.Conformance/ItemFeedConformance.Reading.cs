using System.Text;
using Xunit;

namespace SharedState.Items.Conformance;

/// <content>What was committed since a position: exactly, or null.</content>
public abstract partial class ItemFeedConformance
{
    [Fact]
    [Promise(Fix = "Remember recent commits as they were, whoever made them, and give them oldest first without a gap.")]
    public async Task WhatWasCommittedAtOneServiceIsReadAtAnotherFromAnyPosition()
    {
        var services = await OpenAsync(2);
        ItemUpdate[] updates =
        [
            Insert("a", "b"), Remove("a", "nothing"), Insert(NewItem("b", 2)), Insert(NewItem("b", 2)), Reset("c", "d"),
            new() { Key = _key, Remove = ["d"], Insert = [NewItem("e")] }, Remove("nothing"), Reset(), Reset("a"), Insert("a", "b"),
        ];
        var follower = await Copy.LoadAsync(services[1], _key);
        var copies = new List<Copy>();
        foreach (var update in updates)
        {
            copies.Add(await Copy.LoadAsync(services[1], _key));
            await CommitAsync(services[0], update);
            await AssertReadToEndAsync(services[1], follower);
        }

        // Null is right in the contract, but not for what was just committed: a feed that remembers nothing is none.
        foreach (var copy in copies.Append(follower))
        {
            await AssertReadToEndAsync(services[1], copy);
            Assert.Equal(0, copy.Reloads);
        }
        Assert.Equal(9, follower.Commits.Count);
    }

    [Fact]
    [Promise(Fix = "Answer an empty list, not null, for a position that the collection is at.")]
    public async Task WhereNothingIsNewNothingIsRead()
    {
        var services = await OpenAsync(2);
        var nowhere = (await LoadAsync(services[0])).Position;
        await AssertNothingAsync(services[0], nowhere);
        Assert.Empty(await ListAsync(services[0]));

        await CommitAsync(services[1], Insert("a"));
        var (_, position) = await CommitAsync(services[1], Remove("nothing"));
        foreach (var service in services) await AssertNothingAsync(service, position);

        static async Task AssertNothingAsync(IItemService service, Position since)
        {
            var commits = Assert.Single(await ReadAsync(service, new CollectionPosition(_key, since)));
            Assert.NotNull(commits);
            Assert.Empty(commits);
        }
    }

    [Fact]
    [Promise(Fix = "Give the answers in the order of the positions, one for each, whatever the storage's order is.")]
    public async Task CollectionsAreAnsweredInTheOrderInWhichTheyAreAsked()
    {
        var services = await OpenAsync(2);
        CollectionKey[] keys = [.. Enumerable.Range(0, 1000).Select(n => new CollectionKey(n % 2 == 0 ? "even" : "odd", $"{n}"))];
        var first = await services[0].CommitAsync([.. keys.Select(key => InsertInto(key, NewItem("a")))], CancellationToken.None);
        var positions = keys.Zip(first, (key, result) => new CollectionPosition(key, result.Position)).ToArray();
        var changed = keys.Where((_, n) => n % 3 == 0).ToHashSet();
        await services[0].CommitAsync([.. changed.Select(key => InsertInto(key, NewItem($"of {key}")))], CancellationToken.None);

        // In no order that a storage might have, and some of them from elsewhere.
        new Random(1).Shuffle(positions);
        for (var i = 0; i < positions.Length; i += 10) positions[i] = positions[i] with { Position = new Position("another", 1) };
        var answers = await ReadAsync(services[1], positions);

        Assert.Equal(positions.Length, answers.Count);
        for (var i = 0; i < positions.Length; i++)
        {
            var key = positions[i].Key;
            string[]? expected = i % 10 == 0 ? null : changed.Contains(key) ? [$"2 of {key}"] : [];
            Assert.Equal(expected, answers[i]?.Select(commit => $"{commit.Revision} {Assert.Single(commit.Update.Insert).Id}"));
        }
    }

    [Fact]
    [Promise(Fix = "Answer null for another epoch and for a revision that the collection has not reached.")]
    public async Task APositionThatIsNotOfTheCollectionsHistoryIsAnsweredWithNull()
    {
        var services = await OpenAsync(2);
        foreach (var key in _keys[1..].Append(_key))
            await services[0].CommitAsync([InsertInto(key, NewItem("a")), InsertInto(key, NewItem("b"))], CancellationToken.None);
        var known = new CollectionPosition(_key, (await LoadAsync(services[1])).Position with { Revision = 1 });
        foreach (var key in _keys)
        {
            // The first one was never written to.
            var position = (await LoadAsync(services[1], key)).Position;
            var revision = position.Revision;
            Position[] others = [position with { Epoch = "another" }, position with { Revision = revision + 1 }, position with { Revision = revision + 1_000_000 }];
            foreach (var other in others)
            {
                var answers = await ReadAsync(services[1], new(key, other), known);
                Assert.Null(answers[0]);
                Assert.Equal(2, Assert.Single(answers[1]!).Revision);
            }
        }
    }

    [Fact]
    [Promise(Fix = "Where the oldest commit that is remembered does not follow on the position, answer null, not a part.")]
    public async Task APositionFromLongAgoIsAnsweredWithAllThatFollowsOrWithNull()
    {
        var services = await OpenAsync(2);
        List<Copy> copies = [await Copy.LoadAsync(services[1], _key)];
        for (var part = 0; part < 30; part++)
        {
            var updates = Enumerable
                .Range(part * 100, 100)
                .Select(n => n % 10 == 9 ? Remove($"{(n - 1) % 50}") : Insert(NewItem($"{n % 50}", n)));
            if (part == 20) updates = updates.Prepend(Reset("a"));
            await services[0].CommitAsync([.. updates], CancellationToken.None);
            if (part % 4 == 0) copies.Add(await Copy.LoadAsync(services[1], _key));
        }

        // Null is right for any but the last one: what was just committed is remembered.
        foreach (var copy in copies) await AssertReadToEndAsync(services[1], copy);
        Assert.Equal(0, copies[^1].Reloads);
        Assert.Equal(100, copies[^1].Commits.Count);
    }

    [Fact]
    [Promise(Fix = "Remember a change as it was, however large, or answer null from then on.")]
    public async Task AVeryLargeChangeIsReadExactlyOrAnsweredWithNull()
    {
        string[] ids = [.. Enumerable.Range(0, 20_000).Select(n => $"item {n}")];
        var mebibyte = Encoding.UTF8.GetBytes($$"""{"id":"a","t":"{{new string('x', (1 << 20) - 17)}}"}""");
        ItemUpdate[][] batches =
        [
            [Insert(ids)],
            [Insert(new Item("a", mebibyte))],
            [Insert("b"), Insert(new Item("a", mebibyte)), Insert(new Item("a", mebibyte), NewItem("c")), Remove("b")],
            [Remove(ids[1..])],
            [.. Enumerable.Range(0, 10_000).SelectMany(n => new[] { Insert(NewItem($"item {n}", n)), Remove($"item {n - 1}") })],
        ];
        var services = await OpenAsync(2);
        var old = await Copy.LoadAsync(services[1], _key);
        foreach (var batch in batches)
        {
            var copy = await Copy.LoadAsync(services[1], _key);
            await services[0].CommitAsync(batch, CancellationToken.None);
            await AssertReadAsync(copy);
        }
        await AssertReadAsync(old);

        // So many removals need not be remembered.
        async Task AssertReadAsync(Copy copy)
        {
            await Copy.ReadToEndAsync(services[1], copy);
            copy.Model.AssertEqual(await LoadAsync(services[1]), remembersRemovals: false);
        }
    }

    [Fact]
    [Promise(Fix = "Keep what the feed remembers in the storage; or answer null for what was before the opening.")]
    public async Task WhatWasCommittedWhileAllWereClosedIsReadExactlyOrAnsweredWithNull()
    {
        var one = await OpenAsync();
        await CommitAsync(one, Insert("a"));
        var copy = await Copy.LoadAsync(one, _key);
        await CommitAsync(one, Insert("b"));
        one = await ReopenAsync(one);
        await CommitAsync(one, Insert("c"));
        await AssertReadToEndAsync(one, copy);
        Assert.Equal(IsDurable ? ["a", "b", "c"] : ["c"], copy.Model.Ids);
    }
}
