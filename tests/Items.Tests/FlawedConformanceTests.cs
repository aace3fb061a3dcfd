using System.Reflection;
using SharedState.Items.Conformance;
using SharedState.Items.Sqlite;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>The contract's tests find flaws that took a plugin's author by surprise, each planted here.</summary>
public sealed class FlawedConformanceTests
{
    [Theory]
    [InlineData(Flaw.ConflictRemoves, nameof(ItemServiceConformance.AConflictHasNoEffectWhateverItsUpdateDoes))]
    [InlineData(Flaw.ConflictResets, nameof(ItemServiceConformance.AConflictHasNoEffectWhateverItsUpdateDoes))]
    [InlineData(Flaw.ConflictEndsOthers, nameof(ItemServiceConformance.AConflictHasNoEffectWhateverItsUpdateDoes))]
    [InlineData(Flaw.ConflictAfterReopening, nameof(ItemServiceConformance.AConflictHasNoEffectWhateverItsUpdateDoes))]
    [InlineData(Flaw.ConflictAfterKill, nameof(ItemServiceConformance.WhatWasAcknowledgedAmongConflictsIsThereAfterAKill))]
    [InlineData(Flaw.ResetOfThree, nameof(ItemServiceConformance.AResetRemovesAllItems), 4)]
    [InlineData(Flaw.ResetOf4096, nameof(ItemServiceConformance.AResetRemovesAllItems), 5_000)]
    [InlineData(Flaw.HistoryOf32768, nameof(ItemServiceConformance.NoneOf40000RemovalsIsForgottenSilently))]
    [InlineData(Flaw.ListsByPrefix, nameof(ItemServiceConformance.ListingAnAppNamesTheCollectionsOfNoOther))]
    [InlineData(Flaw.TableOfServiceName, nameof(ItemServiceConformance.AServiceMayBeRenamed))]
    [InlineData(Flaw.ClosingCutsLoads, nameof(ItemServiceConformance.ClosingDuringLoadsAndListingsGivesAWholeAnswerOrNone))]
    [InlineData(Flaw.ClosingBreaksLoads, nameof(ItemServiceConformance.ClosingDuringLoadsAndListingsGivesAWholeAnswerOrNone))]
    [InlineData(Flaw.EpochOfCopies, nameof(ItemServiceConformance.NoPositionIsGivenTwiceWhenAnOlderCopyIsPutInPlace))]
    [InlineData(Flaw.PlanCreates, nameof(ItemServiceConformance.APlanNamesWhatOpeningWouldChangeAndChangesNothing))]
    [InlineData(Flaw.PlanRepeats, nameof(ItemServiceConformance.APlanNamesWhatOpeningWouldChangeAndChangesNothing))]
    public async Task AFlawFailsTheTestOfItsPromise(Flaw flaw, string test, params object[] arguments) =>
        Assert.NotNull(await FailureAsync(new FlawedConformance(flaw, TimeSpan.FromSeconds(60)), test, arguments));

    [Theory]
    [InlineData(Flaw.SlowOpening, nameof(ItemServiceConformance.AppsShareNothing), "OpenAsync has not returned after 4.0 s.")]
    [InlineData(Flaw.SlowLoad, nameof(ItemServiceConformance.AppsShareNothing), "LoadAsync has not returned after 4.0 s.")]
    [InlineData(Flaw.EndlessLoad, nameof(ItemServiceConformance.AppsShareNothing), "LoadAsync has not returned after 4.0 s.")]
    [InlineData(
        Flaw.SlowList, nameof(ItemServiceConformance.ListingAnAppNamesTheCollectionsOfNoOther), "ListAsync has not returned after 4.0 s.")]
    [InlineData(
        Flaw.ClosingWaitsForLoads, nameof(ItemServiceConformance.ClosingDuringLoadsAndListingsGivesAWholeAnswerOrNone),
        "Async has not returned after 4.0 s.")] // the load or the end: each waits for the other
    public async Task ACallThatTakesLongerThanAHostWaitsFailsAnyTest(Flaw flaw, string test, string found)
    {
        var failure = await FailureAsync(new FlawedConformance(flaw, TimeSpan.FromSeconds(4)), test);
        Assert.Contains(found, failure.Message, StringComparison.Ordinal);
    }

    private static async Task<Xunit.Sdk.XunitException> FailureAsync(FlawedConformance conformance, string test, params object[] arguments)
    {
        await conformance.InitializeAsync();
        try
        {
            var method = typeof(ItemServiceConformance).GetMethod(test, BindingFlags.Instance | BindingFlags.Public)!;
            return await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => (Task)method.Invoke(conformance, arguments)!);
        }
        finally
        {
            await conformance.DisposeAsync();
        }
    }

    /// <summary>Not public, so that its tests are run by the tests above only.</summary>
    private sealed class FlawedConformance(Flaw flaw, TimeSpan callTime) : ItemServiceConformance
    {
        private readonly TemporaryFolder _folder = new();

        protected override IReadOnlyDictionary<string, string> Config => _folder.Config();

        protected override TimeSpan CallTime => callTime;

        protected override OperatedStorage NewOperatedStorage() => new OperatedFolder(_folder.Path);

        // SQLite remembers fewer removals, and says so.
        protected override bool IsDurable => flaw != Flaw.HistoryOf32768;

        protected override IItemService Create() =>
            new FlawedItemService(flaw == Flaw.HistoryOf32768 ? new MemoryItemService() : new SqliteItemService(), flaw);

        public override async Task DisposeAsync()
        {
            try
            {
                await base.DisposeAsync();
            }
            catch (Xunit.Sdk.XunitException)
            {
                // A service whose flaw shows in its closing, too.
            }
            _folder.Delete();
        }
    }
}
