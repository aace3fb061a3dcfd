using System.Text.Json.Nodes;
using SharedState.Host.Storages;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>G19 with two hosts on one storage, and with a storage that takes long. In virtual time.</summary>
public sealed class LeaseHostsTests : TwoHosts
{
    public LeaseHostsTests() : base(fast: TimeSpan.FromHours(1))
    {
    }

    [Fact]
    public void ARenewalAtAnotherHostReplacesTheTimeAtTheFirst()
    {
        new LifePeer(First).Put(Path, """{"insert":[{"id":"x"}],"ttl":0.5}""");
        Advance(0.3);
        new LifePeer(Second).Put(Path, """{"patch":[{"id":"x"}],"ttl":5}""");
        Advance(4.9);
        Assert.Equal(["x"], Ids());
        Advance(1);
        Assert.Empty(Ids());
        AssertNoRecords();
    }

    [Fact]
    public void ATimeDoesNotDependOnTheClocksOfTheHosts()
    {
        new LifePeer(First).Put(Path, """{"insert":[{"id":"x"}],"ttl":10}""");
        new LifePeer(Second).Put(Path, """{"insert":[{"id":"y"}],"ttl":10}""");
        Advance(1);
        First.Kill();
        Advance(8.9);
        Assert.Equal(["x", "y"], Ids());
        Advance(1.2);
        Assert.Empty(Ids());
        AssertNoRecords();
    }

    [Fact]
    public void ARefusedRenewalAtAnotherHostDoesNotUndoAShorterTime()
    {
        var (one, two) = (new LifePeer(First), new LifePeer(Second));
        two.Get(Path); // so that it has the collection
        one.Put(Path, """{"insert":[{"id":"x"}],"ttl":10}""");
        Advance(1);
        JsonNode? reply = null;
        one.Put(Path, """{"patch":[{"id":"x"}],"ttl":1.5}""");
        two.Ask("PUT", Path, """{"patch":[{"id":"x"}],"ttl":1,"if":{"absent":["x"]}}""", received => reply = received);
        two.Read();
        Assert.Equal("conflict", (string?)reply!["error"]!["code"]);
        Advance(2.5);
        Assert.Empty(Ids());
        AssertNoRecords();
    }

    [Fact]
    public void AHeartbeatThatWasNotStoredIsSentWithTheNextHolder()
    {
        var client = new LifePeer(First);
        var faults = new ModelFaults(Storage);
        faults.FailCommit("away");
        JsonNode? reply = null;
        client.Ask("PUT", Path, """{"insert":[{"id":"x"}],"ephemeral":true}""", received => reply = received);
        Assert.False((bool)reply!["ok"]!);
        client.Put(Path, """{"insert":[{"id":"x"}],"ephemeral":true}""");
        Advance(120);
        Assert.Equal(["x"], Ids());
    }

    [Fact]
    public void AKilledHostLeavesNoHeartbeat()
    {
        var client = new LifePeer(First);
        client.Put(Path, """{"insert":[{"id":"x"}],"ephemeral":true}""");
        client.Break();
        Advance(1);
        Assert.Empty(Ids());
        Assert.NotEmpty(Storage.Read(OwnCollection.Key).Items);
        First.Kill();
        Advance(60);
        AssertNoRecords();
    }

    [Theory]
    [InlineData("""{"insert":[{"id":"x"}],"ttl":2}""", false)]
    [InlineData("""{"insert":[{"id":"x"}],"ttl":2}""", true)]
    [InlineData("""{"patch":[{"id":"x","n":1}],"ttl":20}""", false)]
    [InlineData("""{"patch":[{"id":"x","n":1}],"ttl":20}""", true)]
    public void AnAcknowledgedTimeIsKeptHoweverLongStoringTookAndIfTheHostDiesThen(string update, bool restarts)
    {
        var client = new LifePeer(First);
        client.Put(Path, """{"insert":[{"id":"x"}],"ttl":8}""");
        var (hold, reply) = (HoldItems(), (JsonNode?)null);
        client.Ask("PUT", Path, update, received => reply = received);
        Advance(4);
        Assert.Null(reply);
        hold.SetResult();
        client.Read();
        Assert.True((bool)reply!["ok"]!);
        if (restarts) Second.Kill();
        client.Break();
        First.Kill();
        if (restarts) First.Start();
        var ttl = update.Contains("20") ? 20 : 2;
        Advance(ttl - 0.1);
        Assert.Equal(["x"], Ids());
        Advance(11); // the latest time at which the update could have been answered
        Assert.Empty(Ids());
        AssertNoRecords();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ARecordThatWasTakenFromALivingHolderIsStoredAgain(bool away)
    {
        var client = new LifePeer(First);
        client.Put(Path, """{"insert":[{"id":"x"}],"ephemeral":true}""");
        var record = Storage.Read(OwnCollection.Key).Items.Single(item => item.Id.EndsWith(".0", StringComparison.Ordinal));
        if (away) new ModelFaults(Storage).FailCommit("away");
        Storage.CommitElsewhere(new() { Key = OwnCollection.Key, Remove = [record.Id] });
        Advance(away ? 12 : 7); // two looks, or one
        Assert.Contains(Storage.Read(OwnCollection.Key).Items, item => item.Id == record.Id);
        client.Break();
        Advance(1);
        Assert.Empty(Ids());
        AssertNoRecords();
    }

    [Fact]
    public void AnItemThatIsStoredAMomentAfterItsRecordIsNotEndedEarlyByAnotherHost()
    {
        var client = new LifePeer(First);
        var (hold, reply) = (HoldItems(), (JsonNode?)null);
        client.Ask("PUT", Path, """{"insert":[{"id":"x"}],"ttl":2}""", received => reply = received);
        Advance(0.35);
        hold.SetResult();
        client.Read();
        Assert.True((bool)reply!["ok"]!);
        Advance(1.95);
        Assert.Equal(["x"], Ids());
        Advance(0.3);
        Assert.Empty(Ids());
    }

    [Fact]
    public void AnUpdateWhoseLifetimeAnotherHostHasEndedIsNotAcknowledged()
    {
        var client = new LifePeer(First);
        var (hold, reply) = (HoldItems(), (JsonNode?)null);
        client.Ask("PUT", Path, """{"insert":[{"id":"x"}],"ttl":1}""", received => reply = received);
        Advance(1.75);
        hold.SetResult();
        client.Read();
        Advance(0.25);
        client.Read();
        Assert.NotNull(reply);
        if ((bool)reply["ok"]!) Assert.Equal(["x"], Ids());
        else Assert.Equal("unknown", (string)reply["error"]!["code"]!);
        Advance(20);
        Assert.Empty(Ids());
        AssertNoRecords();
    }

    [Fact]
    public void ARefusedRenewalDoesNotUndoAnotherOneOnItsWay()
    {
        var (client, other) = (new LifePeer(First), new LifePeer(First));
        client.Put(Path, """{"insert":[{"id":"x"}],"ttl":3}""");
        var (hold, replies) = (HoldItems(), new List<JsonNode>());
        client.Ask("PUT", Path, """{"patch":[{"id":"x","n":1}],"ttl":30}""", replies.Add);
        other.Ask("PUT", Path, """{"patch":[{"id":"x","n":2}],"ttl":2,"if":{"absent":["x"]}}""", replies.Add);
        Advance(0.2);
        hold.SetResult();
        client.Read();
        other.Read();
        Assert.Equal([true, false], replies.Select(reply => (bool)reply["ok"]!));
        Advance(29);
        Assert.Equal(["x"], Ids());
        Advance(2);
        Assert.Empty(Ids());
        AssertNoRecords();
    }

    /// <summary>Lets the next commit of items wait.</summary>
    private TaskCompletionSource HoldItems()
    {
        var hold = new TaskCompletionSource();
        Storage.BeforeCommit = (batch, _) =>
            batch.Any(update => update.Key == Key && update.Insert.Count > 0) ? hold.Task : Task.CompletedTask;
        return hold;
    }
}
