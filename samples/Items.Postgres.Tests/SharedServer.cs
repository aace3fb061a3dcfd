namespace Items.Postgres.Tests;

/// <summary>One server for the tests that do it no harm, made for the first of them.</summary>
public sealed class SharedServer : IAsyncLifetime
{
    /// <summary>The server.</summary>
    public PostgresServer Server { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (PostgresPrograms.Missing is null)
        {
            Server = await PostgresServer.StartNewAsync();
        }
    }

    public async Task DisposeAsync()
    {
        if (Server != null)
        {
            await Server.DisposeAsync();
        }
    }
}

/// <summary>The tests that share a server.</summary>
[CollectionDefinition(nameof(SharedServerTests))]
public sealed class SharedServerTests : ICollectionFixture<SharedServer>;
