using System.Text;
using System.Text.Json.Nodes;
using SharedState.Host.Storages;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>The grace of a holder that two hosts on one storage know. In virtual time.</summary>
public sealed class HolderGraceTests : IDisposable
{
    private const string Path = "/app/items/a", Holder = "0123456789abcdef";

    private static readonly CollectionKey Key = new("app", "a");

    private readonly MemoryStorage _storage = new(hasFeed: true);
    private readonly ModelHost _first, _second;

    public HolderGraceTests()
    {
        var storages = new Dictionary<string, MemoryStorage> { ["items"] = _storage, ["other"] = new(hasFeed: true) };
        _first = new(storages, new());
        _second = new(storages, new(), _first, fast: TimeSpan.FromHours(1));
        Advance(300); // a clock has run for longer than a grace when a host starts
    }

    public void Dispose()
    {
        _second.Dispose();
        _first.Dispose();
    }

    [Fact]
    public void AHolderEndsOneGraceAfterItsLastConnectionAtAnyHost()
    {
        var (one, two) = (new LifePeer(_first), new LifePeer(_second));
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
        var (one, two) = (new LifePeer(_first), new LifePeer(_second));
        two.Get(Path); // so that it has the collection
        one.Put(Path, $$$"""{"insert":[{"id":"x"}],"ephemeral":{"holder":"{{{Holder}}}","grace":5}}""");
        if (heard) Advance(1); // the other host hears of it
        JsonNode? reply = null;
        var refused = atTheSameHost ? new LifePeer(_first) : two;
        refused.Ask(
            "PUT", Path, $$$"""{"if":{"present":["y"]},"ephemeral":{"holder":"{{{Holder}}}","grace":{{{grace}}}}}""",
            received => reply = received);
        refused.Read();
        Assert.Equal("conflict", (string?)reply!["error"]!["code"]);
        if (atTheSameHost) _first.Kill(); // another host knows only the record
        else one.Break();
        Advance(4.9);
        Assert.Equal(["x"], Ids());
        Advance(atTheSameHost ? 47 : 1);
        Assert.Empty(Ids());
    }

    [Fact]
    public void TheGraceThatIsNamedLastCountsAtAllHosts()
    {
        var (one, two) = (new LifePeer(_first), new LifePeer(_second));
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
        var (one, two) = (new LifePeer(_first), new LifePeer(_second));
        one.Put(Path, $$$"""{"insert":[{"id":"x"}],"ephemeral":{"holder":"{{{Holder}}}","grace":1}}""");
        Advance(1); // the other host hears of it
        var asked = 0;
        _storage.BeforeCommit = (batch, _) =>
        {
            // The item of the condition is stored while the records are.
            if (batch.Any(update => update.Key == OwnCollection.Key) && asked++ == 0)
                _storage.CommitElsewhere(new() { Key = Key, Insert = [new("y", """{"id":"y"}"""u8.ToArray())] });
            return Task.CompletedTask;
        };
        two.Put(Path, $$$"""{"if":{"present":["y"]},"ephemeral":{"holder":"{{{Holder}}}","grace":20}}""");
        Advance(6); // the record is corrected at the next look
        two.Break();
        Advance(1);
        one.Break();
        Advance(18);
        Assert.Contains("x", Ids());
        Advance(3);
        Assert.DoesNotContain("x", Ids());
    }

    [Fact]
    public void TheGraceThatIsNamedLastCountsIfTheHostDies()
    {
        var one = new LifePeer(_first);
        one.Put(Path, $$$"""{"insert":[{"id":"x"}],"ephemeral":{"holder":"{{{Holder}}}","grace":0}}""");
        one.Put(Path, $$$"""{"ephemeral":{"holder":"{{{Holder}}}","grace":30}}""");
        _first.Kill();
        Advance(69); // the other host takes the holder after 40 s at the earliest
        Assert.Equal(["x"], Ids());
        Advance(12);
        Assert.Empty(Ids());
    }

    private void Advance(double seconds) => _first.Advance(TimeSpan.FromSeconds(seconds));

    private IEnumerable<string> Ids() => _storage.Read(Key).Items.Select(item => item.Id).Order(StringComparer.Ordinal);

    // Living hosts that had holders have a heartbeat.
    private void AssertNoRecords()
    {
        _first.Stop();
        _second.Stop();
        Assert.Empty(_storage.Read(OwnCollection.Key).Items.Select(item => Encoding.UTF8.GetString(item.Json.Span)));
    }
}
