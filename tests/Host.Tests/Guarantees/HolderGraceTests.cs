using System.Text.Json.Nodes;
using SharedState.Host.Storages;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>The grace of a holder that two hosts on one storage know. In virtual time.</summary>
public sealed class HolderGraceTests : TwoHosts
{
    public HolderGraceTests() : base(fast: TimeSpan.FromHours(1))
    {
        Advance(300); // a clock has run for longer than a grace when a host starts
    }

    [Fact]
    public void AHolderEndsOneGraceAfterItsLastConnectionAtAnyHost()
    {
        var (one, two) = (new LifePeer(First), new LifePeer(Second));
        one.Put(Path, $$$"""{"insert":[{"id":"x"}],"ephemeral":{"holder":"{{{Holder}}}","grace":5}}""");
        two.Put(Path, $$$"""{"insert":[{"id":"y"}],"ephemeral":{"holder":"{{{Holder}}}","grace":5}}""");
        two.Break();
        Advance(1);
        one.Break();
        Advance(4.9);
        Assert.Equal(["x", "y"], Ids());
        Advance(1);
        Assert.Empty(Ids());
        AssertNoRecords();
    }

    [Theory]
    [InlineData(false, true, 100)]
    [InlineData(false, false, 100)]
    [InlineData(false, false, 0)]
    [InlineData(true, true, 100)]
    public void ARefusedUpdateDoesNotChangeTheGrace(bool atTheSameHost, bool heard, int grace)
    {
        var (one, two) = (new LifePeer(First), new LifePeer(Second));
        two.Get(Path); // so that it has the collection
        one.Put(Path, $$$"""{"insert":[{"id":"x"}],"ephemeral":{"holder":"{{{Holder}}}","grace":5}}""");
        if (heard) Advance(1); // the other host hears of it
        JsonNode? reply = null;
        var refused = atTheSameHost ? new LifePeer(First) : two;
        refused.Ask(
            "PUT", Path, $$$"""{"if":{"present":["y"]},"ephemeral":{"holder":"{{{Holder}}}","grace":{{{grace}}}}}""",
            received => reply = received);
        refused.Read();
        Assert.Equal("conflict", (string?)reply!["error"]!["code"]);
        if (atTheSameHost) First.Kill(); // another host knows only the record
        else one.Break();
        Advance(4.9);
        Assert.Equal(["x"], Ids());
        Advance(atTheSameHost ? 47 : 1);
        Assert.Empty(Ids());
    }

    [Fact]
    public void TheGraceThatIsNamedLastCountsAtAllHosts()
    {
        var (one, two) = (new LifePeer(First), new LifePeer(Second));
        one.Put(Path, $$$"""{"insert":[{"id":"x"}],"ephemeral":{"holder":"{{{Holder}}}","grace":20}}""");
        Advance(1); // the other host hears of it
        two.Put(Path, $$$"""{"ephemeral":{"holder":"{{{Holder}}}","grace":0}}""");
        Advance(1);
        one.Put(Path, $$$"""{"ephemeral":{"holder":"{{{Holder}}}","grace":20}}""");
        Advance(1);
        one.Break();
        Advance(1);
        two.Break();
        Advance(19);
        Assert.Equal(["x"], Ids());
        Advance(2);
        Assert.Empty(Ids());
        AssertNoRecords();
    }

    [Fact]
    public void AGraceCountsIfOnlyThisHostTookTheUpdateForARefusedOne()
    {
        var (one, two) = NameTakenForRefused();
        two.Break();
        Advance(1);
        one.Break();
        Advance(18);
        Assert.Contains("x", Ids());
        Advance(3);
        Assert.DoesNotContain("x", Ids());
    }

    [Fact]
    public void AGraceCountsIfTheHostThatTookTheUpdateForARefusedOneDies()
    {
        var (one, _) = NameTakenForRefused();
        Second.Kill();
        Advance(50); // the first host takes over what the second one had
        one.Break();
        Advance(19);
        Assert.Contains("x", Ids());
        Advance(3);
        Assert.DoesNotContain("x", Ids());
    }

    [Fact]
    public void TheGraceThatIsNamedLastCountsIfTheHostDies()
    {
        var one = new LifePeer(First);
        one.Put(Path, $$$"""{"insert":[{"id":"x"}],"ephemeral":{"holder":"{{{Holder}}}","grace":0}}""");
        one.Put(Path, $$$"""{"ephemeral":{"holder":"{{{Holder}}}","grace":30}}""");
        First.Kill();
        Advance(69); // the other host takes the holder after 40 s at the earliest
        Assert.Equal(["x"], Ids());
        Advance(12);
        Assert.Empty(Ids());
    }

    /// <summary>A holder with a grace of 1 s at the first host gets one of 20 s at the second, by an update that the second host expects to
    /// be refused.</summary>
    private (LifePeer One, LifePeer Two) NameTakenForRefused()
    {
        var (one, two) = (new LifePeer(First), new LifePeer(Second));
        one.Put(Path, $$$"""{"insert":[{"id":"x"}],"ephemeral":{"holder":"{{{Holder}}}","grace":1}}""");
        Advance(1); // the other host hears of it
        var asked = 0;
        Storage.BeforeCommit = (batch, _) =>
        {
            // The item of the condition is stored while the records are.
            if (batch.Any(update => update.Key == OwnCollection.Key) && asked++ == 0)
                Storage.CommitElsewhere(new() { Key = Key, Insert = [new("y", """{"id":"y"}"""u8.ToArray())] });
            return Task.CompletedTask;
        };
        two.Put(Path, $$$"""{"if":{"present":["y"]},"ephemeral":{"holder":"{{{Holder}}}","grace":20}}""");
        Advance(6); // the record is corrected at the next look
        return (one, two);
    }
}
