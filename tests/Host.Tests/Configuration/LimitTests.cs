using System.Globalization;
using SharedState.Host.Configuration;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Configuration;

/// <summary>The real program with limits at the ends of their ranges: it starts, takes an update and stops.</summary>
public sealed class LimitTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task EveryLimitCanBeAtItsMaximum()
    {
        using var host = Start(LimitField.All.ToDictionary(limit => limit.Name, limit => limit.Maximum));
        await host.WriteAndReadAsync("items");
        Assert.Equal(0, await host.TerminateAsync());
        Assert.DoesNotContain("Exception", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EveryLimitCanBeAtItsMinimum()
    {
        using var host = Start(LimitField.All.ToDictionary(limit => limit.Name, limit => limit.Minimum));
        await host.UriAsync();
        Assert.Equal(0, await host.TerminateAsync());
        Assert.DoesNotContain("Exception", host.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("message_bytes", 1_024, "item_bytes", 1 << 30)]
    [InlineData("message_bytes", 1_024, "options_bytes", 1 << 20)]
    [InlineData("unfinished_bytes", 65_536, "message_bytes", 1 << 30)]
    [InlineData("outbox_bytes", 1_024, "item_bytes", 1 << 30)]
    [InlineData("collection_bytes", 1_024, "item_bytes", 1 << 30)]
    [InlineData("collection_items", 1, "request_items", int.MaxValue)]
    [InlineData("connections", 1, "connections_per_address", int.MaxValue)]
    [InlineData("request_rate", 0.1, "request_burst", int.MaxValue)]
    [InlineData("stop_seconds", 0.1, "storage_seconds", 9)]
    public async Task LimitsThatDoNotFitTogetherDoNoHarm(string low, double minimum, string high, double maximum)
    {
        using var host = Start(new() { [low] = minimum, [high] = maximum });
        await host.WriteAndReadAsync("items");
        Assert.Equal(0, await host.TerminateAsync());
        Assert.DoesNotContain("Exception", host.Output, StringComparison.Ordinal);
    }

    private HostProcess Start(Dictionary<string, double> limits)
    {
        var fields = limits.Select(limit =>
            $"\"{limit.Key}\": {limit.Value.ToString("F99", CultureInfo.InvariantCulture).TrimEnd('0').TrimEnd('.')}");
        _folder.Write("my.json", $$$"""
            {"service": {"port": 0, "limits": {{{{string.Join(", ", fields)}}}}},
             "services": [{"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": ":memory:"}}]}
            """);
        return HostProcess.Start(_folder.FullName, ["my.json"]);
    }
}
