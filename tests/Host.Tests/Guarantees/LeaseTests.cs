using System.Text.Json.Nodes;
using SharedState.Host.Storages;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>G19: expired and ephemeral items are removed within their time, whatever happens, and leave no records behind. In virtual
/// time.</summary>
public sealed class LeaseTests : IDisposable
{
    private const string Path = "/app/items/a", Holder = "0123456789abcdef";

    private static readonly CollectionKey Key = new("app", "a");

    private readonly MemoryStorage _storage = new();
    private readonly ModelHost _host;

    public LeaseTests() =>
        _host = new(new() { ["items"] = _storage, ["other"] = new() }, new() { CollectionIdleTime = TimeSpan.FromSeconds(4) });

    public void Dispose() => _host.Dispose();

    [Fact]
    public void ARestartedHostKnowsTheTimesAndEndsTheHolders()
    {
        var first = new LifePeer(_host);
        first.Put(Path, """{"insert":[{"id":"long"}],"ttl":60}""");
        first.Put(Path, """{"insert":[{"id":"short"}],"ttl":10}""");
        first.Put(Path, """{"insert":[{"id":"mine"}],"ephemeral":true}""");
        first.Put(Path, $$$"""{"insert":[{"id":"held"}],"ephemeral":{"holder":"{{{Holder}}}","grace":20}}""");
        first.Put(Path, """{"insert":[{"id":"permanent"}]}""");
        Advance(5);
        first.Break();
        _host.Restart();
        Advance(1);
        Assert.Equal(["held", "long", "permanent", "short"], Ids());
        Advance(5); // short is due at 10 s, and held 20 s after the restart
        Assert.Equal(["held", "long", "permanent"], Ids());
        Advance(13.5);
        Assert.Equal(["held", "long", "permanent"], Ids());
        Advance(2);
        Assert.Equal(["long", "permanent"], Ids());
        Advance(35);
        Assert.Equal(["permanent"], Ids());
        Assert.Empty(Records());
    }

    [Fact]
    public void AHolderThatComesBackAfterARestartLosesNothing()
    {
        var first = new LifePeer(_host);
        first.Put(Path, $$$"""{"insert":[{"id":"x"}],"ephemeral":{"holder":"{{{Holder}}}","grace":20}}""");
        first.Break();
        _host.Restart();
        Advance(10);
        var second = new LifePeer(_host);
        second.Put(Path, $$$"""{"ephemeral":{"holder":"{{{Holder}}}","grace":0}}""");
        Advance(100);
        Assert.Equal(["x"], Ids());
        second.Break();
        Advance(0.3);
        Assert.Empty(Ids());
        Assert.Empty(Records());
    }

    [Fact]
    public void AStorageThatIsAwayDelaysTheRemovalAndNothingElse()
    {
        var faults = new ModelFaults(_storage);
        var client = new LifePeer(_host);
        client.Put(Path, """{"insert":[{"id":"x"}],"ttl":10}""");
        client.Put(Path, """{"insert":[{"id":"y"}],"ephemeral":true}""");
        for (var n = 0; n < 10; n++) faults.FailCommit(n % 2 == 0 ? "away" : "lost before");
        client.Break();
        Advance(3);
        Assert.Equal(["x", "y"], Ids());
        Advance(60);
        Assert.Empty(Ids());
        Assert.Empty(Records());
    }

    /// <summary>The service is at rest otherwise, so nothing but the failed removal can set the timer again.</summary>
    [Fact]
    public void ARemovalThatFailedIsTriedAgain()
    {
        var client = new LifePeer(_host);
        client.Put(Path, """{"insert":[{"id":"x"}],"ttl":10}""");
        var refused = 0;
        _storage.BeforeCommit = (batch, _) => batch.Any(update => update.Remove.Contains("x")) && ++refused == 1
            ? throw new ItemServiceException(ItemServiceFault.Unavailable, "away")
            : Task.CompletedTask;
        Advance(10.5);
        Assert.Equal((1, "x"), (refused, string.Join(',', Ids())));
        Advance(10);
        Assert.Empty(Ids());
        Assert.Empty(Records());
    }

    [Fact]
    public void ARoundThatAHostBeganIsFinishedByTheNextOne()
    {
        var client = new LifePeer(_host);
        client.Put(Path, """{"insert":[{"id":"x"},{"id":"y"}],"ttl":10}""");
        client.Put(Path, """{"insert":[{"id":"z"}],"ephemeral":true}""");
        _storage.BeforeCommit = (batch, _) => batch.Any(update => update.Key == Key && update.Remove.Count > 0)
            ? throw new ItemServiceException(ItemServiceFault.Unavailable, "away")
            : Task.CompletedTask;
        client.Break();
        Advance(11);
        Assert.Equal(["x", "y", "z"], Ids());
        Assert.Contains(Records(), record => record.Contains("\"ended\":true", StringComparison.Ordinal));
        _host.Restart();
        _storage.BeforeCommit = null;
        Advance(6);
        Assert.Empty(Ids());
        Assert.Empty(Records());
    }

    [Fact]
    public void ItemsThatAreWrittenOrRemovedLeaveNoRecords()
    {
        var client = new LifePeer(_host);
        for (var n = 0; n < 50; n++)
        {
            client.Put(Path, """{"insert":[{"id":"x"}],"ttl":100000}""");
            client.Put(Path, $$"""{"insert":[{"id":"{{n}}"}],"ephemeral":true}""");
            client.Put(Path, $$"""{"remove":["{{n}}"]}""");
            client.Put("/app/items/b", $$"""{"insert":[{"id":"{{n}}"}],"ttl":100000,"reset":true}""");
            Advance(0.5);
        }
        Advance(3);
        Assert.Equal(3, Records().Count); // of x, of the last one of b, and the life of the connection
        Assert.Equal(["x"], Ids());
    }

    [Fact]
    public void AnItemThatItsHolderRemovesAndInsertsAgainStillEndsWithTheHolder()
    {
        var client = new LifePeer(_host);
        for (var n = 0; n < 20; n++)
        {
            client.Put(Path, """{"insert":[{"id":"x"}],"ephemeral":true}""");
            Advance(0.37);
            client.Put(Path, """{"remove":["x"]}""");
            Advance(n * 0.11);
        }
        client.Put(Path, """{"insert":[{"id":"x"}],"ephemeral":true}""");
        Advance(10);
        client.Break();
        Advance(0.3);
        Assert.Empty(Ids());
    }

    [Fact]
    public void AnItemThatIsInsertedAgainWhileItsOldRecordGoesStillEndsWithTheHolder()
    {
        var client = new LifePeer(_host);
        client.Put(Path, """{"insert":[{"id":"x"}],"ephemeral":true}""");
        client.Put(Path, """{"remove":["x"]}""");
        client.Put("/app/items/b", """{"insert":[{"id":"y"}],"ttl":1}"""); // so that the round has more to do
        var faults = new ModelFaults(_storage) { Holding = true };
        Advance(1.5);
        JsonNode? reply = null;
        client.Ask("PUT", Path, """{"insert":[{"id":"x"}],"ephemeral":true}""", received => reply = received);
        faults.LetGo();
        Advance(3);
        client.Read();
        Assert.True((bool)reply!["ok"]!);
        Assert.Equal(["x"], Ids());
        client.Break();
        Advance(0.5);
        Assert.Empty(Ids());
        Assert.Empty(Records());
    }

    [Fact]
    public void AThousandClientsThatLeaveAtOnceCauseOneNotification()
    {
        var observer = new LifePeer(_host);
        observer.Put("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
        var clients = Enumerable.Range(0, 1_000).Select(_ => new LifePeer(_host)).ToList();
        for (var n = 0; n < clients.Count; n++) clients[n].Put(Path, $$"""{"insert":[{"id":"{{n}}"}],"ephemeral":true}""");
        observer.Read();
        var before = observer.Notifications.Count;
        foreach (var client in clients) client.Break();
        Advance(0.5);
        observer.Read();
        var end = Assert.Single(observer.Notifications.Skip(before));
        AssertRemoves(1_000, end);
        Assert.Empty(Records());
    }

    [Fact]
    public void ClientsThatLeaveOneAfterTheOtherCauseOneNotification()
    {
        var observer = new LifePeer(_host);
        observer.Put("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
        var clients = Enumerable.Range(0, 10).Select(_ => new LifePeer(_host)).ToList();
        for (var n = 0; n < clients.Count; n++) clients[n].Put(Path, $$"""{"insert":[{"id":"{{n}}"}],"ephemeral":true}""");
        observer.Read();
        var before = observer.Notifications.Count;
        foreach (var client in clients)
        {
            client.Break();
            Advance(0.025);
        }
        Advance(0.3);
        observer.Read();
        AssertRemoves(10, Assert.Single(observer.Notifications.Skip(before)));
    }

    [Fact]
    public void NoItemStaysBecauseClientsLeaveAllTheTime()
    {
        var clients = Enumerable.Range(0, 100).Select(_ => new LifePeer(_host)).ToList();
        for (var n = 0; n < clients.Count; n++) clients[n].Put(Path, $$"""{"insert":[{"id":"{{n:00}}"}],"ephemeral":true}""");
        for (var n = 0; n < clients.Count; n++)
        {
            clients[n].Break();
            Advance(0.025);
            Assert.InRange(Ids().Count(), clients.Count - n - 1, clients.Count - n - 1 + (int)(0.45 / 0.025));
        }
    }

    [Fact]
    public void AHundredThousandItemsEndInOneNotification()
    {
        var observer = new LifePeer(_host);
        observer.Put("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
        var items = string.Join(',', Enumerable.Range(0, 50_000).Select(n => $$"""{"id":"{{n}}"}"""));
        observer.Put(Path, $$"""{"insert":[{{items}}],"ttl":10}""");
        items = string.Join(',', Enumerable.Range(50_000, 50_000).Select(n => $$"""{"id":"{{n}}"}"""));
        observer.Put(Path, $$"""{"insert":[{{items}}],"ttl":10}""");
        observer.Read();
        var before = observer.Notifications.Count;
        Advance(10.5);
        observer.Read();
        var end = Assert.Single(observer.Notifications.Skip(before));
        AssertRemoves(100_000, end);
        Assert.Empty(Records());
    }

    [Fact]
    public void ACollectionThatLeftMemoryIsReadForTheRemoval()
    {
        var client = new LifePeer(_host);
        client.Put(Path, """{"insert":[{"id":"x"}],"ttl":60}""");
        Advance(59.5);
        Assert.Equal(["x"], Ids());
        Advance(1);
        Assert.Empty(Ids());
    }

    [Fact]
    public void MovesOfAPointerStoreNoRecords()
    {
        var client = new LifePeer(_host);
        client.Put(Path, """{"insert":[{"id":"x"}],"ephemeral":true}""");
        var (commits, revision) = (_storage.Commits, _storage.Read(OwnCollection.Key).Position.Revision);
        for (var n = 0; n < 100; n++) client.Put(Path, $$"""{"insert":[{"id":"x","at":{{n}}}],"ephemeral":true}""");
        Assert.Equal(commits + 100, _storage.Commits);
        Assert.Equal(revision, _storage.Read(OwnCollection.Key).Position.Revision);
    }

    [Theory]
    [InlineData("""{"patch":[{"id":"x"}]""")]
    [InlineData("""{"inc":[{"id":"x","path":"n","by":0}]""")]
    public void ARenewalOfAHolderWithoutAnotherEffectIsQuiet(string renewal)
    {
        var (observer, client) = (new LifePeer(_host), new LifePeer(_host));
        observer.Put("/subs", $$"""{"insert":[["{{Path}}",{}]]}""");
        var holder = $$$""","ephemeral":{"holder":"{{{Holder}}}","grace":5}}""";
        client.Put(Path, """{"insert":[{"id":"x","n":1}]""" + holder);
        observer.Read();
        var before = observer.Notifications.Count;
        Assert.Equal(1, (int)client.Put(Path, renewal + holder)["rev"]!);
        observer.Read();
        Assert.Equal(before, observer.Notifications.Count);
    }

    // A large difference gives way to the whole collection, which is empty then.
    private static void AssertRemoves(int items, JsonNode notification)
    {
        var data = notification["data"]!;
        if ((bool)data["reset"]!) Assert.Empty(data["insert"]!.AsArray());
        else Assert.Equal(items, data["remove"]!.AsArray().Count);
    }

    private void Advance(double seconds) => _host.Advance(TimeSpan.FromSeconds(seconds));

    private IEnumerable<string> Ids() => _storage.Read(Key).Items.Select(item => item.Id).Order(StringComparer.Ordinal);

    private List<string> Records() =>
        [.. _storage.Read(OwnCollection.Key).Items.Select(item => System.Text.Encoding.UTF8.GetString(item.Json.Span))];
}
