using System.Text.Json.Nodes;
using SharedState.Host.Storages;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>Guarantee G19 in virtual time: no lifetime ends early, even if its item is stored long after its record.</summary>
public sealed class LeaseTimeTests : IDisposable
{
    private const string Path = "/app/items/a";

    private static readonly CollectionKey Key = new("app", "a");

    private readonly MemoryStorage _storage = new();
    private readonly ModelHost _host;

    public LeaseTimeTests() => _host = new(new() { ["items"] = _storage, ["other"] = new() }, new());

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData(10, false)]
    [InlineData(10, true)]
    [InlineData(600, false)]
    public void ARefusedRenewalLeavesTheTime(int ttl, bool killed)
    {
        var client = new LifePeer(_host);
        client.Put(Path, """{"insert":[{"id":"x"}],"ttl":60}""");
        JsonNode? reply = null;
        client.Ask("PUT", Path, $$$"""{"patch":[{"id":"x"}],"ttl":{{{ttl}}},"if":{"present":["nothing"]}}""", received => reply = received);
        Assert.Equal("conflict", (string?)reply!["error"]!["code"]);
        if (killed)
        {
            client.Break();
            _host.Kill();
            _host.Start();
        }
        Advance(30);
        _host.Restart();
        Advance(29);
        Assert.Equal(["x"], Ids());
        Advance(2);
        Assert.Empty(Ids());
        Assert.Empty(Records());
    }

    [Fact]
    public void ARestartedHostCountsTheMomentBetweenTheRecordAndTheItem()
    {
        var client = new LifePeer(_host);
        var (hold, reply) = (new TaskCompletionSource(), (JsonNode?)null);
        _storage.BeforeCommit = (batch, _) => batch.Any(update => update.Key == Key) ? hold.Task : Task.CompletedTask;
        client.Ask("PUT", Path, """{"insert":[{"id":"x"}],"ttl":2}""", received => reply = received);
        Advance(0.35);
        hold.SetResult();
        client.Read();
        Assert.True((bool)reply!["ok"]!);
        client.Break();
        _host.Kill();
        _host.Start();
        Advance(1.95);
        Assert.Equal(["x"], Ids());
        Advance(0.5);
        Assert.Empty(Ids());
    }

    [Fact]
    public void ARenewalThatIsInOneCommitWithTheEndWins()
    {
        var (client, other) = (new LifePeer(_host), new LifePeer(_host));
        client.Put(Path, """{"insert":[{"id":"x","n":1}],"ttl":2}""");
        Advance(1.5);
        var faults = new ModelFaults(_storage) { Holding = true };
        other.Ask("PUT", "/app/items/b", """{"insert":[{"id":"y"}]}""", _ => { });
        JsonNode? reply = null;
        client.Ask("PUT", Path, """{"patch":[{"id":"x"}],"ttl":10}""", received => reply = received);
        Advance(0.8);
        faults.LetGo();
        client.Read();
        Assert.True((bool)reply!["ok"]!);
        Assert.Equal(1, (int)reply["rev"]!); // the same item, not another one in its place
        Advance(9.9);
        Assert.Equal(["x"], Ids());
        Advance(1);
        Assert.Empty(Ids());
        Assert.Empty(Records());
    }

    [Fact]
    public void AStorageThatLosesTheWhiteSpaceBehindItemsIsNamedOnceAndNoItemIsRemoved()
    {
        var logger = new KeepingLogger();
        var storage = new MemoryStorage();
        using var host = new ModelHost(new() { ["items"] = storage, ["other"] = new() }, new(), logger: logger);
        var client = new LifePeer(host);
        client.Put(Path, """{"insert":[{"id":"x"},{"id":"y"}],"ttl":10}""");
        Assert.Empty(Lines());
        storage.Loaded = loaded => new(loaded.Position, [.. loaded.Items.Select(Trimmed)])
        {
            Tombstones = loaded.Tombstones,
            HistoryStart = loaded.HistoryStart,
        };
        client.Break();
        host.Restart();
        Assert.Single(Lines());
        host.Restart();
        host.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(2, storage.Read(Key).Items.Count);
        Assert.Equal(2, Lines().Count()); // once for each start

        IEnumerable<string> Lines() => logger.Lines.Where(line => line.Contains("loses the white space", StringComparison.Ordinal));

        static StoredItem Trimmed(StoredItem item) => new(item.Id, item.Json[..(item.Json.Span.LastIndexOf((byte)'}') + 1)], item.Revision);
    }

    private void Advance(double seconds) => _host.Advance(TimeSpan.FromSeconds(seconds));

    private IEnumerable<string> Ids() => _storage.Read(Key).Items.Select(item => item.Id).Order(StringComparer.Ordinal);

    private IReadOnlyList<StoredItem> Records() => _storage.Read(OwnCollection.Key).Items;
}
