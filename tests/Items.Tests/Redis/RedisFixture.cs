using Xunit;

namespace SharedState.Items.Tests;

/// <summary>A redis-server for all tests of a class, each of which has a prefix of its own.</summary>
public sealed class RedisFixture : IAsyncLifetime
{
    private RedisServer? _server;

    public RedisServer Server => _server!;

    public async Task InitializeAsync()
    {
        if (RedisServer.Missing is null) _server = await RedisServer.StartAsync();
    }

    public async Task DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }
}
