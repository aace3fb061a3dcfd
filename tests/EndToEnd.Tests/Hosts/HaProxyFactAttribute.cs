using SharedState.Items.Tests;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>A test that needs HAProxy and Redis; skipped, and says so, where they are not installed.</summary>
public sealed class HaProxyFactAttribute : FactAttribute
{
    public HaProxyFactAttribute() => Skip = ServerProcess.Missing("haproxy", "haproxy") ?? RedisServer.Missing;
}
