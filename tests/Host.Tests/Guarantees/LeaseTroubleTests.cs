using System.Text;
using System.Text.Json.Nodes;
using SharedState.Host.Storages;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>G19 with several hosts that come between each other, or do not hear each other. In virtual time.</summary>
public sealed class LeaseTroubleTests : IDisposable
{
    private const string Path = "/app/items/a", Holder = "0123456789abcdef";

    private static readonly CollectionKey Key = new("app", "a");

    private readonly MemoryStorage _storage = new(hasFeed: true);
    private readonly Dictionary<string, MemoryStorage> _storages;
    private readonly ModelHost _first, _second;

    public LeaseTroubleTests()
    {
        _storages = new() { ["items"] = _storage, ["other"] = new(hasFeed: true) };
        _first = new(_storages, new());
        _second = new(_storages, new(), _first);
    }

    public void Dispose()
    {
        _second.Dispose();
        _first.Dispose();
    }

    /// <summary>The other host has marked the record as ended, and has not removed the item, when the first host stores the item.</summary>
    [Fact]
    public void AnUpdateWhoseRecordAnotherHostHasMarkedIsNotAcknowledgedAndLeavesTheMark()
    {
        var client = new LifePeer(_first);
        new LifePeer(_second).Get(Path);
        var (item, removal, reply) = (new TaskCompletionSource(), new TaskCompletionSource(), (JsonNode?)null);
        _storage.BeforeCommit = (batch, _) => !batch.Any(update => update.Key == Key) ? Task.CompletedTask
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
        var client = new LifePeer(_first);
        client.Put(Path, """{"insert":[{"id":"x"}],"ttl":8}""");
        var record = Assert.Single(_storage.Read(OwnCollection.Key).Items);
        _storage.CommitElsewhere(new() { Key = OwnCollection.Key, Remove = [record.Id] });
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
        new LifePeer(_first).Put(Path, """{"insert":[{"id":"x"}],"ephemeral":true}""");
        Advance(1);
        _storage.BeforeList = _ => throw new ItemServiceException(ItemServiceFault.Unavailable, "away");
        _storage.BeforeCommit = (_, _) => throw new ItemServiceException(ItemServiceFault.Unavailable, "away");
        Advance(60);
        _storage.BeforeList = null;
        // The host with the holder is slower than the other one.
        _storage.BeforeCommit = (batch, _) => batch.Any(update => update.Insert.Any(inserted => inserted.Id.StartsWith('@')))
            ? throw new ItemServiceException(ItemServiceFault.Unavailable, "away")
            : Task.CompletedTask;
        Advance(10);
        _storage.BeforeCommit = null;
        Advance(60);
        Assert.Equal(["x"], Ids());
    }

    /// <summary>An update names a holder while its end waits for the next commit, and the connection is gone before the answer.</summary>
    [Fact]
    public void AHolderThatIsNamedBeforeItsEndIsDecidedHasItsGraceAgain()
    {
        var (one, two, other, renewing) = (new LifePeer(_first), new LifePeer(_first), new LifePeer(_first), new LifePeer(_first));
        var holder = $$$""" "ephemeral":{"holder":"{{{Holder}}}","grace":5}}""";
        one.Put(Path, """{"insert":[{"id":"x"}],""" + holder);
        renewing.Put(Path, """{"insert":[{"id":"y"}],"ttl":60}""");
        one.Break();
        Advance(4.9);
        var (before, naming) = (new TaskCompletionSource(), new TaskCompletionSource());
        _storage.BeforeCommit = (_, _) => before.Task;
        other.Ask("PUT", "/app/items/b", """{"insert":[{"id":"z"}]}""", _ => { });
        renewing.Ask("PUT", Path, """{"patch":[{"id":"y"}],"ttl":100}""", _ => { }); // so that the end is not in the next commit
        Advance(0.4);
        two.Ask("PUT", Path, $"{{{holder}", _ => { });
        _storage.BeforeCommit = (_, _) => naming.Task;
        before.SetResult();
        two.Read();
        two.Break();
        _storage.BeforeCommit = null;
        naming.SetResult();
        Advance(4.8);
        Assert.Equal(["x", "y"], Ids());
        Advance(1);
        Assert.Equal(["y"], Ids());
    }

    private void Advance(double seconds) => _first.Advance(TimeSpan.FromSeconds(seconds));

    private IEnumerable<string> Ids() => _storage.Read(Key).Items.Select(item => item.Id).Order(StringComparer.Ordinal);

    private List<string> Records() => [.. _storage.Read(OwnCollection.Key).Items.Select(item => Encoding.UTF8.GetString(item.Json.Span))];

    // Living hosts that had holders have a heartbeat.
    private void AssertNoRecords()
    {
        _first.Stop();
        _second.Stop();
        Assert.Empty(Records());
    }
}
