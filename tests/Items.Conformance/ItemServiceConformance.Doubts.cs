using Xunit;

namespace SharedState.Items.Conformance;

/// <content>A commit whose outcome is not known.</content>
public abstract partial class ItemServiceConformance
{
    /// <summary>A way to the storage of <see cref="Config"/> on which a commit can be held back; null where that can't be had.</summary>
    protected virtual HeldCommit? NewHeldCommit() => null;

    [Fact]
    [Promise(
        Fix = "Throw Unavailable, not OperationCanceledException, for a commit that is cancelled before it began: the host asks about any "
            + "other outcome."
    )]
    public async Task ACommitThatIsCancelledBeforeItBeginsIsUnavailable()
    {
        var service = await OpenAsync();
        var (_, position) = await CommitAsync(service, Insert("a"));
        var fault = await Assert.ThrowsAsync<ItemServiceException>(async () =>
            await service.CommitAsync([Insert("b")], new CancellationToken(canceled: true)));
        Assert.Equal(ItemServiceFault.Unavailable, fault.Fault);
        Assert.Equal(position, (await LoadAsync(service)).Position);
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    [Promise(
        Fix = "Before the next load of a collection whose commit is in doubt, wait until that commit is over: take the row's lock, which "
            + "it holds.",
        Needs = Need.HeldCommit)]
    public async Task ACommitInDoubtIsSettledBeforeTheNextLoad(bool isNew)
    {
        await using var held = NewHeldCommit();
        Skip.If(held is null, "not tried: NewHeldCommit returns null");
        var service = await OpenAsync(held.Config);
        await LoadAsync(service);
        if (!isNew) await CommitAsync(service, Insert("a"));
        held.Hold();
        var fault = await Assert.ThrowsAsync<ItemServiceException>(() => CommitAsync(service, Insert("b")));
        if (fault.Fault == ItemServiceFault.Unavailable)
        {
            // Settled by the commit itself: nothing is stored then.
            await held.ReleaseAsync();
            Assert.DoesNotContain("b", Ids(await LoadAsync(service)));
            return;
        }

        // A load that does not wait is answered by now; one that waits goes on when the commit is over.
        Assert.Equal(ItemServiceFault.OutcomeUnknown, fault.Fault);
        var load = LoadAsync(service);
        await Task.WhenAny(load, Task.Delay(300));
        await held.ReleaseAsync();
        var loaded = await load;
        var after = await LoadAsync(await OpenAsync());
        Assert.Equal((loaded.Position, string.Join(',', Ids(loaded))), (after.Position, string.Join(',', Ids(after))));
        Assert.Equal(CommitStatus.Committed, (await CommitAsync(service, Insert("c"))).Status);
    }
}
