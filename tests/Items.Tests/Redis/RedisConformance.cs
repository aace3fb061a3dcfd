using SharedState.Items.Conformance;
using SharedState.Items.Redis;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>
/// The contract's tests, on a real Redis. Not public, so that they are run by <see cref="RedisConformanceTests"/>, which can skip them.
/// </summary>
internal sealed class RedisConformance(Func<string, Dictionary<string, string>> config) : ItemFeedConformance
{
    private readonly string _prefix = $"test_{Guid.NewGuid():N}";

    protected override IReadOnlyDictionary<string, string> Config => config(_prefix);

    protected override IReadOnlyDictionary<string, string> OtherConfig =>
        new Dictionary<string, string>(Config) { ["db_table"] = "others" };

    protected override IItemService Create() => new RedisItemService();
}

/// <summary>Runs the contract's tests; skipped, and says so, where there is no redis-server.</summary>
public sealed class RedisConformanceTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    public static TheoryData<string> Tests => [.. ConformanceRun.NamesWithFeed];

    [RedisTheory]
    [MemberData(nameof(Tests))]
    public Task RedisKeepsThePromise(string test) =>
        ConformanceRun.RunAsync(new RedisConformance(prefix => redis.Server.Config(name: prefix)), test);
}
