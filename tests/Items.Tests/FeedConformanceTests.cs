using System.Reflection;
using SharedState.Items.Conformance;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>The tests of the feed's contract are tested: each of them fails for a feed that breaks its promise.</summary>
public sealed class FeedConformanceTests
{
    [Theory]
    [InlineData(FeedPromise.Confirmation, nameof(ItemFeedConformance.WhatWasCommittedBeforeAListIsAskedForIsInItOrWasInOneBefore))]
    [InlineData(FeedPromise.AllCollections, nameof(ItemFeedConformance.WhatWasCommittedBeforeAListIsAskedForIsInItOrWasInOneBefore))]
    [InlineData(FeedPromise.FirstList, nameof(ItemFeedConformance.FromTheFirstListOnNothingIsMissed))]
    [InlineData(FeedPromise.OnceASecond, nameof(ItemFeedConformance.AListComesAtLeastOnceASecondWhenNothingHappens))]
    [InlineData(FeedPromise.OnceASecondAmongWrites, nameof(ItemFeedConformance.AListComesAtLeastOnceASecondWhileOthersNeverRest))]
    [InlineData(FeedPromise.FullPositions, nameof(ItemFeedConformance.AListNamesPositionsThatCollectionsHad))]
    [InlineData(FeedPromise.FullPositions, nameof(ItemFeedConformance.FromTheFirstListOnNothingIsMissed))]
    [InlineData(FeedPromise.PositionsThatWere, nameof(ItemFeedConformance.AListNamesPositionsThatCollectionsHad))]
    [InlineData(FeedPromise.PositionsThatWere, nameof(ItemFeedConformance.WhatAListNamesCanBeReadAtOnce))]
    [InlineData(FeedPromise.Stop, nameof(ItemFeedConformance.AWatchThatIsStoppedEndsAndTheNextOneMissesNothing))]
    [InlineData(FeedPromise.SecondWatch, nameof(ItemFeedConformance.AWatchThatIsStoppedEndsAndTheNextOneMissesNothing))]
    [InlineData(FeedPromise.EndWithClosing, nameof(ItemFeedConformance.ClosingEndsTheWatchAndNoOther))]
    [InlineData(FeedPromise.ReadAtOnce, nameof(ItemFeedConformance.WhatAListNamesCanBeReadAtOnce))]
    [InlineData(FeedPromise.ReadAtOnce, nameof(ItemFeedConformance.WhatWasCommittedAtOneServiceIsReadAtAnotherFromAnyPosition))]
    [InlineData(FeedPromise.OldestFirst, nameof(ItemFeedConformance.WhatWasCommittedAtOneServiceIsReadAtAnotherFromAnyPosition))]
    [InlineData(FeedPromise.NoGap, nameof(ItemFeedConformance.WhatWasCommittedAtOneServiceIsReadAtAnotherFromAnyPosition))]
    [InlineData(FeedPromise.OneByOne, nameof(ItemFeedConformance.WhatWasCommittedAtOneServiceIsReadAtAnotherFromAnyPosition))]
    [InlineData(FeedPromise.Remembers, nameof(ItemFeedConformance.WhatWasCommittedAtOneServiceIsReadAtAnotherFromAnyPosition))]
    [InlineData(FeedPromise.NothingNewIsEmpty, nameof(ItemFeedConformance.CollectionsAreAnsweredInTheOrderInWhichTheyAreAsked))]
    [InlineData(FeedPromise.NothingNewIsEmpty, nameof(ItemFeedConformance.WhereNothingIsNewNothingIsRead))]
    [InlineData(FeedPromise.NeverWrittenIsEmpty, nameof(ItemFeedConformance.WhereNothingIsNewNothingIsRead))]
    [InlineData(FeedPromise.ReadingCreatesNothing, nameof(ItemFeedConformance.WhereNothingIsNewNothingIsRead))]
    [InlineData(FeedPromise.LongAgo, nameof(ItemFeedConformance.APositionFromLongAgoIsAnsweredWithAllThatFollowsOrWithNull))]
    [InlineData(FeedPromise.ToTheEnd, nameof(ItemFeedConformance.APositionFromLongAgoIsAnsweredWithAllThatFollowsOrWithNull))]
    [InlineData(FeedPromise.LargeChanges, nameof(ItemFeedConformance.AVeryLargeChangeIsReadExactlyOrAnsweredWithNull))]
    [InlineData(FeedPromise.Epoch, nameof(ItemFeedConformance.APositionThatIsNotOfTheCollectionsHistoryIsAnsweredWithNull))]
    [InlineData(FeedPromise.Ahead, nameof(ItemFeedConformance.APositionThatIsNotOfTheCollectionsHistoryIsAnsweredWithNull))]
    [InlineData(FeedPromise.OrderOfAnswers, nameof(ItemFeedConformance.CollectionsAreAnsweredInTheOrderInWhichTheyAreAsked))]
    [InlineData(FeedPromise.Bytes, nameof(ItemFeedConformance.ARandomRunOfSeveralServicesIsReadAsItWasCommitted))]
    [InlineData(FeedPromise.Resets, nameof(ItemFeedConformance.WhatWasCommittedAtOneServiceIsReadAtAnotherFromAnyPosition))]
    [InlineData(FeedPromise.Removals, nameof(ItemFeedConformance.WhatWasCommittedAtOneServiceIsReadAtAnotherFromAnyPosition))]
    [InlineData(FeedPromise.ItemsOfTheCommit, nameof(ItemFeedConformance.WritersAtOnceLoseNothingAndTearNothing))]
    [InlineData(FeedPromise.AllItems, nameof(ItemFeedConformance.WritersAtOnceLoseNothingAndTearNothing))]
    [InlineData(
        FeedPromise.OtherLineAfterLoss, nameof(ItemFeedConformance.WhatWasCommittedWhileAllWereClosedIsReadExactlyOrAnsweredWithNull))]
    [InlineData(FeedPromise.Expected, nameof(ItemFeedConformance.OfTwoConditionalCommitsExactlyOneWins))]
    [InlineData(FeedPromise.Expected, nameof(ItemFeedConformance.ConditionalCommitsOfManyWritersCountRightly))]
    [InlineData(FeedPromise.Revisions, nameof(ItemFeedConformance.WritersAtOnceLoseNothingAndTearNothing))]
    [InlineData(FeedPromise.WholeUpdates, nameof(ItemFeedConformance.WritersAtOnceLoseNothingAndTearNothing))]
    [InlineData(FeedPromise.ForgettingIsTold, nameof(ItemFeedConformance.AServiceThatHoldsAForgottenCollectionGetsItAnew))]
    [InlineData(FeedPromise.ForgettingAtOnce, nameof(ItemFeedConformance.ForgettingDuringCommitsOfAnotherServiceLosesNothing))]
    public async Task ABrokenPromiseFailsItsTest(FeedPromise broken, string test)
    {
        var conformance = new BrokenConformance(broken);
        await conformance.InitializeAsync();
        try
        {
            var method = typeof(ItemFeedConformance).GetMethod(test, BindingFlags.Instance | BindingFlags.Public)!;
            var failure = await Assert.ThrowsAnyAsync<Exception>(() => (Task)method.Invoke(conformance, null)!);
            Assert.True(failure is Xunit.Sdk.XunitException or TimeoutException, $"{failure}");
        }
        finally
        {
            await conformance.DisposeAsync();
        }
    }

    /// <summary>Not public, so that its tests are run by the test above only.</summary>
    private sealed class BrokenConformance(FeedPromise broken) : ItemFeedConformance
    {
        protected override IReadOnlyDictionary<string, string> Config { get; } =
            new Dictionary<string, string> { ["db_name"] = $"{Guid.NewGuid()}" };

        protected override bool IsDurable => false;

        protected override TimeSpan Patience => TimeSpan.FromSeconds(2);

        protected override IItemService Create() => new BrokenItemFeed(new MemoryItemService(), broken);
    }
}
