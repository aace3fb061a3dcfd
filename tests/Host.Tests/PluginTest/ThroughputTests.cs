using SharedState.Host.PluginTest;

namespace SharedState.Host.Tests.PluginTest;

/// <summary>The remark on rates that a disk can hardly have.</summary>
public sealed class ThroughputTests
{
    [Theory]
    [InlineData(1, 50_000, 900, 1_000, true)]
    [InlineData(100, 5_000_000, 90_000, 1_000, true)]
    [InlineData(1, 3_500, 900, 1_000, false)]
    [InlineData(100, 350_000, 90_000, 1_000, false)]
    [InlineData(1, 50_000, 20_000, 1_000, false)]
    public void ARateFarAboveThatOfTheDiskGetsARemark(int updates, double tested, double sqlite, double syncs, bool remarked) =>
        Assert.Equal(remarked, new Throughput.Rates(updates, tested, sqlite, tested / sqlite, syncs).Remark is not null);
}
