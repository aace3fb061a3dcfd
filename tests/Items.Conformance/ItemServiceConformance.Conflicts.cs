using Xunit;

namespace SharedState.Items.Conformance;

/// <content>An update that is a conflict leaves nothing behind, whatever it does.</content>
public abstract partial class ItemServiceConformance
{
    private static readonly CollectionKey[] _two = [new("app", "one"), new("app", "two")];

    [Fact]
    [Promise(
        Fix = "Decide whether an update is a conflict before its Reset, Remove and Insert are looked at; store nothing of it, in no log, "
            + "and go on with the batch's other updates.")]
    public async Task AConflictHasNoEffectWhateverItsUpdateDoes()
    {
        var models = _two.ToDictionary(key => key, _ => new Model());
        var service = await OpenAsync();
        for (var round = 0; round < 3; round++)
        {
            await CommitAmongConflictsAsync(service, models, round);
            if (IsDurable) service = await ReopenAsync(service);
            await AssertAreAsync(models, service);
        }
    }

    [SkippableFact]
    [Promise(
        Fix = "What a kill leaves is what was acknowledged: a log that is replayed has no update that was a conflict, and all that were "
            + "none.",
        Needs = Need.OperatedStorage)]
    public async Task WhatWasAcknowledgedAmongConflictsIsThereAfterAKill()
    {
        await using var operated = NewOperatedStorage();
        Skip.If(operated is null, "not tried: NewOperatedStorage returns null");
        var models = _two.ToDictionary(key => key, _ => new Model());
        var service = await OpenAsync();
        for (var round = 0; round < 3; round++)
        {
            await CommitAmongConflictsAsync(service, models, round);
            await operated.KillAsync();
            await CloseAsync(service);
            await operated.StartAsync();
            service = await OpenAsync();
            await AssertAreAsync(models, service);
        }
    }

    /// <summary>
    /// Commits one batch to two collections: each kind of update once as a conflict, and in between updates that are none.
    /// </summary>
    private static async Task CommitAmongConflictsAsync(IItemService service, Dictionary<CollectionKey, Model> models, int round)
    {
        var (behind, other) = ((await LoadAsync(service, _two[0])).Position, (await LoadAsync(service, _two[1])).Position);
        var ahead = behind with { Revision = behind.Revision + 100 };
        ItemUpdate[] batch =
        [
            new() { Key = _two[0], Reset = true, Insert = [NewItem("of a conflict")], Expected = ahead },
            new() { Key = _two[0], Insert = [NewItem("a", round), NewItem("b", round), NewItem($"{round}")] },
            new() { Key = _two[0], Remove = ["a"], Insert = [NewItem("b", -1), NewItem("of a conflict")], Expected = behind },
            new() { Key = _two[1], Insert = [NewItem("x", round), NewItem("y", round), NewItem($"{round}")] },
            new() { Key = _two[1], Reset = true, Expected = other },
            new() { Key = _two[0], Remove = ["b"] },
            new() { Key = _two[1], Remove = ["x", "y"], Expected = other },
            new() { Key = _two[1], Remove = ["y"] },
        ];
        var results = await service.CommitAsync(batch, CancellationToken.None);
        Assert.Equal(batch.Length, results.Count);
        for (var i = 0; i < batch.Length; i++) models[batch[i].Key].Apply(batch[i], results[i]);
    }

    private async Task AssertAreAsync(Dictionary<CollectionKey, Model> models, IItemService service)
    {
        foreach (var (key, model) in models) model.AssertEqual(await LoadAsync(service, key), RemembersRemovals);
    }
}
