using static SharedState.Host.Tests.PluginTest.ReportCard;

namespace SharedState.Host.Tests.PluginTest;

/// <summary>The report card names the promise that a plugin breaks, with the finding and the fix.</summary>
public sealed class BrokenPromiseTests
{
    [Theory]
    [InlineData("EpochAcrossReopening", "An epoch lasts across reopening")]
    [InlineData("WholeBatches", "A load never sees half a batch")]
    [InlineData("OrderOfABatch", "Updates of a batch build on each other")]
    [InlineData("OrderOfResults", "Updates of a batch build on each other")]
    [InlineData("Expected", "An update commits only where it expects the collection")]
    [InlineData("ConflictAlone", "A conflict is left out and the others go on")]
    [InlineData("UnchangedStays", "What has no effect leaves the revision")]
    [InlineData("ResetRemoves", "A reset leaves only what it inserts")]
    [InlineData("AllOfABatch", "One update may insert and remove 20000 items")]
    [InlineData("ItemRevisions", "An insert adds and replaces")]
    [InlineData("RevisionAfterReset", "Each effective update raises the revision by one in one epoch")]
    [InlineData("HistoryStart", "Removals are remembered until the item is back")]
    [InlineData("Case", "Ids that look alike are different")]
    [InlineData("Blanks", "Ids that look alike are different")]
    [InlineData("Accents", "Ids that look alike are different")]
    [InlineData("Nul", "Ids of 1024 bytes and names of 512 are kept")]
    [InlineData("Bytes", "An item comes back byte for byte")]
    [InlineData("Apps", "Apps share nothing")]
    [InlineData("ReadingCreatesNothing", "A collection never written to is empty at revision zero and is not created")]
    [InlineData("OnlyWithItems", "Listing names the collections that have items")]
    public Task ABrokenPromiseOfTheContractIsNamedWithItsFix(string promise, string sentence) =>
        AssertBrokenAsync(sentence, "--config", $"promise={promise}");

    [Theory]
    [InlineData("OldestFirst", "What was committed at one service is read at another from any position")]
    [InlineData("NothingNewIsEmpty", "Where nothing is new nothing is read")]
    [InlineData("Expected", "Of two conditional commits exactly one wins")]
    public async Task ABrokenPromiseOfTheFeedIsNamedWithItsFix(string promise, string sentence) =>
        Assert.Contains("\nThe feed\n", await AssertBrokenAsync(sentence, "--config", $"feed={promise}"), StringComparison.Ordinal);

    [Fact]
    public Task AnEpochThatOutlivesItsDataIsNamed() =>
        AssertBrokenAsync(
            "What is gone at reopening is another epoch", "--not-durable", "--config", "fault=forgets", "--config",
            "promise=AnotherEpochAfterLoss");

    [Theory]
    [InlineData("cancel", "A call that is cancelled ends within 5 seconds", "CommitAsync, cancelled, did not return within 5 seconds.")]
    [InlineData("closing", "After closing every call throws, and the storage opens again", "CommitAsync works on after DisposeAsync.")]
    [InlineData(
        "lock", "An opening that fails or is cancelled leaves no lock", "ItemServiceException, Unavailable: another host has it open")]
    [InlineData(
        "value", "A wrong value in its config is a fault that says so, not a crash",
        "OpenAsync throws OverflowException with \"size\": \"2147483648\":")]
    [InlineData("forgets", "What was acknowledged survives kill -9, in whole batches", "the last stored batch after the failure is 0.")]
    [InlineData("process", "One batch may hold 20000 updates", "It ended the process.")]
    public async Task ABrokenPromiseAboutFaultsIsNamedWithTheFinding(string fault, string sentence, string found) =>
        Assert.Contains(found, string.Join(' ', (await AssertBrokenAsync(sentence, "--config", $"fault={fault}")).Split(['\n', ' '], StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);

    /// <summary>Asserts that one promise is asked for, and broken, and comes with its fix.</summary>
    private static async Task<string> AssertBrokenAsync(string sentence, params string[] arguments)
    {
        var (code, card) = await TestAsync(Plugin("Broken"), ["--only", sentence, "--limit", "30", .. arguments]);
        Assert.True(code == 1, card);
        var lines = card.Split('\n');
        var place = Array.FindIndex(lines, line => line.StartsWith("  ✗ ", StringComparison.Ordinal));
        Assert.Equal($"  ✗ {sentence}", lines[place]);
        Assert.StartsWith("      found  ", lines[place + 1], StringComparison.Ordinal);
        Assert.Contains(lines[(place + 2)..], line => line.StartsWith("      fix    ", StringComparison.Ordinal));
        Assert.StartsWith("1 kept, 1 broken, ", lines[^1], StringComparison.Ordinal);
        return card;
    }
}
