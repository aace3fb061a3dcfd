using Xunit;

namespace SharedState.Items.Conformance;

/// <content>One service forgets an emptied collection that others have in memory.</content>
public abstract partial class ItemFeedConformance
{
    [Fact]
    [Promise(
        Fix = "Tell the commits of a collection, or that it moved, also if it was forgotten at once; answer null for positions from before "
            + "that."
    )]
    public async Task AServiceThatHoldsAForgottenCollectionGetsItAnew()
    {
        var services = await OpenAsync(2);
        await CommitAsync(services[0], Insert("a", "b"));
        var stale = await Copy.LoadAsync(services[1], _key);
        await using var watch = NewWatch(services[1]);
        await watch.NextAsync();
        var (_, at) = await CommitAsync(services[0], Reset());
        var current = await Copy.LoadAsync(services[1], _key);
        var forgotten = await ForgetAsync(services[0], at);
        Assert.Equal(Forgets(services[0]), forgotten);

        // What was emptied is told, though nothing is kept of the commit.
        await watch.NextAsync();
        Assert.Contains(watch.Told, told => told.Key == _key && (told.Position.Epoch != at.Epoch || told.Position.Revision >= at.Revision));
        await AssertReadToEndAsync(services[1], stale);
        await AssertReadToEndAsync(services[1], current);
        if (!forgotten) return;
        Assert.Equal(1, stale.Reloads);

        // It begins anew, at the other service too.
        watch.Told.Clear();
        var (_, position) = await CommitAsync(services[1], Insert("c"));
        AssertAfter(at with { Revision = at.Revision + 1 }, position);
        var (_, next) = await CommitAsync(services[0], Insert("d"));
        Assert.Equal(position with { Revision = position.Revision + 1 }, next);
        await watch.NextAsync();
        watch.AssertTold(_key, next);
        foreach (var copy in new[] { stale, current, await Copy.LoadAsync(services[0], _key) })
        {
            await AssertReadToEndAsync(services[1], copy);
            Assert.Equal(["c", "d"], copy.Model.Ids);
        }
    }

    [Fact]
    [Promise(Fix = "Answer for a collection without a history the position that a load gives, and answer it with nothing new.")]
    public async Task ACollectionThatWasForgottenIsReadLikeOneThatWasNeverWrittenTo()
    {
        var services = await OpenAsync(2);
        foreach (var key in _keys)
        {
            await CommitAsync(services[0], key, Insert("a"));
            var (_, at) = await CommitAsync(services[1], key, Remove("a"));
            await ForgetAsync(services[0], at, key);
            var copies = await CopiesAsync(services[1], key, new CollectionKey("app", "never written to"));
            Assert.False(await Copy.ReadAsync(services[1], copies), "Something is new where nothing happened.");
            Assert.All(copies, copy => Assert.Equal(0, copy.Reloads));
        }
    }

    [Fact]
    [Promise(
        Fix = "Forget in one transaction that commits of other hosts cannot come between: lock the collection's row, then look at its "
            + "position."
    )]
    public async Task ForgettingDuringCommitsOfAnotherServiceLosesNothing()
    {
        var services = await OpenAsync(2);
        await ForgetDuringCommitsAsync(services[0], services[1]);
    }
}
