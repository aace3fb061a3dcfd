using System.Reflection;
using SharedState.Items.Conformance;
using SharedState.Items.Sqlite;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>The contract's tests are tested: each of them fails for a service that breaks its promise.</summary>
public sealed class ConformanceTests
{
    [Theory]
    [InlineData(Promise.Durability, nameof(ItemServiceConformance.WhatIsCommittedIsThereWhenOpenedAgain))]
    [InlineData(Promise.Durability, nameof(ItemServiceConformance.AnEpochLastsAcrossReopening))]
    [InlineData(Promise.Durability, nameof(ItemServiceConformance.ClosingInTheMiddleOfCommitsAndLoadsLosesNothingThatWasAcknowledged))]
    [InlineData(Promise.EpochAcrossReopening, nameof(ItemServiceConformance.AnEpochLastsAcrossReopening))]
    [InlineData(Promise.AnotherEpochAfterLoss, nameof(ItemServiceConformance.WhatIsGoneAtReopeningIsAnotherEpoch))]
    [InlineData(Promise.WholeBatches, nameof(ItemServiceConformance.ALoadNeverSeesHalfABatch))]
    [InlineData(Promise.OrderOfABatch, nameof(ItemServiceConformance.UpdatesOfABatchBuildOnEachOther))]
    [InlineData(Promise.OrderOfResults, nameof(ItemServiceConformance.UpdatesOfABatchBuildOnEachOther))]
    [InlineData(Promise.Expected, nameof(ItemServiceConformance.AnUpdateCommitsOnlyWhereItExpectsTheCollection))]
    [InlineData(Promise.Expected, nameof(ItemServiceConformance.AnUpdateMayExpectACollectionThatWasNeverWrittenTo))]
    [InlineData(Promise.ConflictAlone, nameof(ItemServiceConformance.AConflictIsLeftOutAndTheOthersGoOn))]
    [InlineData(Promise.UnchangedStays, nameof(ItemServiceConformance.WhatHasNoEffectLeavesTheRevision))]
    [InlineData(Promise.ResetRemoves, nameof(ItemServiceConformance.AResetLeavesOnlyWhatItInserts))]
    [InlineData(Promise.ResetRemoves, nameof(ItemServiceConformance.AResetForgetsRemovalsAndBeginsTheHistory))]
    [InlineData(Promise.AllOfABatch, nameof(ItemServiceConformance.OneUpdateMayInsertAndRemove20000Items))]
    [InlineData(Promise.AllOfABatch, nameof(ItemServiceConformance.ACollectionMayHold100000Items))]
    [InlineData(Promise.CancelledIsNotStored, nameof(ItemServiceConformance.ACommitThatIsCancelledIsStoredWhollyOrNotAtAll))]
    [InlineData(Promise.ItemRevisions, nameof(ItemServiceConformance.AnInsertAddsAndReplaces))]
    [InlineData(Promise.ItemRevisions, nameof(ItemServiceConformance.ARandomRunAgreesWithTheModel))]
    [InlineData(Promise.RevisionAfterReset, nameof(ItemServiceConformance.EachEffectiveUpdateRaisesTheRevisionByOneInOneEpoch))]
    [InlineData(Promise.Removals, nameof(ItemServiceConformance.RemovalsAreRememberedUntilTheItemIsBack))]
    [InlineData(Promise.HistoryStart, nameof(ItemServiceConformance.OneUpdateMayInsertAndRemove20000Items))]
    [InlineData(Promise.HistoryStart, nameof(ItemServiceConformance.ARandomRunAgreesWithTheModel))]
    [InlineData(Promise.Case, nameof(ItemServiceConformance.IdsThatLookAlikeAreDifferent))]
    [InlineData(Promise.Blanks, nameof(ItemServiceConformance.IdsThatLookAlikeAreDifferent))]
    [InlineData(Promise.Accents, nameof(ItemServiceConformance.IdsThatLookAlikeAreDifferent))]
    [InlineData(Promise.Nul, nameof(ItemServiceConformance.IdsThatLookAlikeAreDifferent))]
    [InlineData(Promise.Nul, nameof(ItemServiceConformance.IdsOf1024BytesAndNamesOf512AreKept))]
    [InlineData(Promise.Bytes, nameof(ItemServiceConformance.AnItemComesBackByteForByte))]
    [InlineData(Promise.Bytes, nameof(ItemServiceConformance.TheWhiteSpaceBehindAnItemComesBack))]
    [InlineData(Promise.BlanksBehind, nameof(ItemServiceConformance.TheWhiteSpaceBehindAnItemComesBack))]
    [InlineData(Promise.Apps, nameof(ItemServiceConformance.AppsShareNothing))]
    [InlineData(Promise.Apps, nameof(ItemServiceConformance.NamesThatLookAlikeAreDifferent))]
    [InlineData(
        Promise.ReadingCreatesNothing, nameof(ItemServiceConformance.ACollectionNeverWrittenToIsEmptyAtRevisionZeroAndIsNotCreated))]
    [InlineData(Promise.OnlyWithItems, nameof(ItemServiceConformance.ListingNamesTheCollectionsThatHaveItems))]
    [InlineData(Promise.ForgetsItems, nameof(ItemServiceConformance.OnlyAnEmptiedCollectionAtTheGivenPositionIsForgotten))]
    [InlineData(Promise.ForgetsElsewhere, nameof(ItemServiceConformance.OnlyAnEmptiedCollectionAtTheGivenPositionIsForgotten))]
    [InlineData(Promise.ForgetsElsewhere, nameof(ItemServiceConformance.ForgettingDuringCommitsLosesNothing))]
    [InlineData(Promise.ForgetsNothing, nameof(ItemServiceConformance.OnlyAnEmptiedCollectionAtTheGivenPositionIsForgotten))]
    [InlineData(
        Promise.EpochAfterForgetting, nameof(ItemServiceConformance.NoPositionIsGivenTwiceWhenACollectionBeginsAnewAfterItWasForgotten))]
    [InlineData(Promise.ListsEmptied, nameof(ItemServiceConformance.EmptiedCollectionsAreListedUntilTheyAreForgotten))]
    public async Task ABrokenPromiseFailsItsTest(Promise broken, string test)
    {
        var conformance = new BrokenConformance(broken);
        await conformance.InitializeAsync();
        try
        {
            var method = typeof(ItemServiceConformance).GetMethod(test, BindingFlags.Instance | BindingFlags.Public)!;
            await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => (Task)method.Invoke(conformance, null)!);
        }
        finally
        {
            await conformance.DisposeAsync();
        }
    }

    /// <summary>Not public, so that its tests are run by the test above only.</summary>
    private sealed class BrokenConformance(Promise broken) : ItemServiceConformance
    {
        private readonly TemporaryFolder _folder = new();

        protected override IReadOnlyDictionary<string, string> Config =>
            broken == Promise.AnotherEpochAfterLoss ? new Dictionary<string, string> { ["db_name"] = ":memory:" } : _folder.Config();

        protected override bool IsDurable => broken != Promise.AnotherEpochAfterLoss;

        protected override IItemService Create() =>
            broken == Promise.Durability ? new MemoryItemService() : new BrokenItemService(new SqliteItemService(), broken);

        public override async Task DisposeAsync()
        {
            await base.DisposeAsync();
            _folder.Delete();
        }
    }
}
