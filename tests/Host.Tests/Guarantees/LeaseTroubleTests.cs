using System.Text.Json.Nodes;
using SharedState.Host.Storages;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>G19 with several hosts that come between each other, or do not hear each other. In virtual time.</summary>
public sealed class LeaseTroubleTests : TwoHosts
{
    /// <summary>The other host has marked the record as ended, and has not removed the item, when the first host stores the item.</summary>
    [Fact]
    public void AnUpdateWhoseRecordAnotherHostHasMarkedIsNotAcknowledgedAndLeavesTheMark()
    {
        var client = new LifePeer(First);
        new LifePeer(Second).Get(Path);
        var (item, removal, reply) = (new TaskCompletionSource(), new TaskCompletionSource(), (JsonNode?)null);
        Storage.BeforeCommit = (batch, _) => !batch.Any(update => update.Key == Key) ? Task.CompletedTask
            : batch.Any(update => update.Insert.Count > 0) ? item.Task : removal.Task;
        client.Ask("PUT", Path, """{"insert":[{"id":"x"}],"ttl":1}""", received => reply = received);
        Advance(2.5);
        Assert.Contains(Records(), IsMarked);
        item.SetResult();
        client.Read();
        Advance(0.5);
        client.Read();
        Assert.Equal("unknown", (string?)reply?["error"]?["code"]);
        Assert.Contains(Records(), IsMarked);
        removal.SetResult();
        Advance(20);
        Assert.Empty(Ids());
        AssertNoRecords();

        static bool IsMarked(string record) => record.Contains("\"ended\":true", StringComparison.Ordinal);
    }

    [Fact]
    public void AnItemWhoseRecordWasRemovedEndsAtItsTime()
    {
        var client = new LifePeer(First);
        client.Put(Path, """{"insert":[{"id":"x"}],"ttl":8}""");
        var record = Assert.Single(Storage.Read(OwnCollection.Key).Items);
        Storage.CommitElsewhere(new() { Key = OwnCollection.Key, Remove = [record.Id] });
        Advance(7.9);
        Assert.Equal(["x"], Ids());
        Advance(1.1);
        Assert.Empty(Ids());
        AssertNoRecords();
    }

    /// <summary>A host that hears nothing does not know whether the others live.</summary>
    [Fact]
    public void AnOutageOfTheStorageEndsNoHolder()
    {
        new LifePeer(First).Put(Path, """{"insert":[{"id":"x"}],"ephemeral":true}""");
        Advance(1);
        Storage.BeforeList = _ => throw new ItemServiceException(ItemServiceFault.Unavailable, "away");
        Storage.BeforeCommit = (_, _) => throw new ItemServiceException(ItemServiceFault.Unavailable, "away");
        Advance(60);
        Storage.BeforeList = null;
        // The host with the holder is slower than the other one.
        Storage.BeforeCommit = (batch, _) => batch.Any(update => update.Insert.Any(inserted => inserted.Id.StartsWith('@')))
            ? throw new ItemServiceException(ItemServiceFault.Unavailable, "away")
            : Task.CompletedTask;
        Advance(10);
        Storage.BeforeCommit = null;
        Advance(60);
        Assert.Equal(["x"], Ids());
    }

    /// <summary>An update names a holder while its end waits for the next commit, and the connection is gone before the answer.</summary>
    [Fact]
    public void AHolderThatIsNamedBeforeItsEndIsDecidedHasItsGraceAgain()
    {
        var (one, two, other, renewing) = (new LifePeer(First), new LifePeer(First), new LifePeer(First), new LifePeer(First));
        var holder = $$$""" "ephemeral":{"holder":"{{{Holder}}}","grace":5}}""";
        one.Put(Path, """{"insert":[{"id":"x"}],""" + holder);
        renewing.Put(Path, """{"insert":[{"id":"y"}],"ttl":60}""");
        one.Break();
        Advance(4.9);
        var (before, naming) = (new TaskCompletionSource(), new TaskCompletionSource());
        Storage.BeforeCommit = (_, _) => before.Task;
        other.Ask("PUT", "/app/items/b", """{"insert":[{"id":"z"}]}""", _ => { });
        renewing.Ask("PUT", Path, """{"patch":[{"id":"y"}],"ttl":100}""", _ => { }); // so that the end is not in the next commit
        Advance(0.4);
        two.Ask("PUT", Path, $"{{{holder}", _ => { });
        Storage.BeforeCommit = (_, _) => naming.Task;
        before.SetResult();
        two.Read();
        two.Break();
        Storage.BeforeCommit = null;
        naming.SetResult();
        Advance(4.8);
        Assert.Equal(["x", "y"], Ids());
        Advance(1);
        Assert.Equal(["y"], Ids());
    }
}
