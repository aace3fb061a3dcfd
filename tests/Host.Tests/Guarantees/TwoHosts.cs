using System.Text;
using SharedState.Host.Storages;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>Two hosts on one storage, in virtual time.</summary>
public abstract class TwoHosts : IDisposable
{
    private protected const string Path = "/app/items/a", Holder = "0123456789abcdef";

    private protected static readonly CollectionKey Key = new("app", "a");

    /// <param name="fast">How far the clock of the second host is ahead.</param>
    private protected TwoHosts(TimeSpan fast = default)
    {
        Storages = new() { ["items"] = Storage, ["other"] = new(hasFeed: true) };
        First = new(Storages, new());
        Second = new(Storages, new(), First, fast: fast);
    }

    private protected MemoryStorage Storage { get; } = new(hasFeed: true);

    private protected Dictionary<string, MemoryStorage> Storages { get; }

    private protected ModelHost First { get; }

    private protected ModelHost Second { get; }

    public void Dispose()
    {
        Second.Dispose();
        First.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected void Advance(double seconds) => First.Advance(TimeSpan.FromSeconds(seconds));

    private protected IEnumerable<string> Ids() => Storage.Read(Key).Items.Select(item => item.Id).Order(StringComparer.Ordinal);

    private protected List<string> Records() =>
        [.. Storage.Read(OwnCollection.Key).Items.Select(item => Encoding.UTF8.GetString(item.Json.Span))];

    // Living hosts that had holders have a heartbeat.
    private protected void AssertNoRecords()
    {
        First.Stop();
        Second.Stop();
        Assert.Empty(Records());
    }
}
