using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Protocol;

/// <summary>A host that the tests of one class share; each works in an app of its own.</summary>
public sealed class SharedHost : IAsyncLifetime
{
    private int _apps;

    internal LiveHost Live { get; private set; } = null!;

    /// <summary>An app's name that nobody else has.</summary>
    public string NewApp() => $"app{Interlocked.Increment(ref _apps)}";

    public async Task InitializeAsync() => Live = await LiveHost.StartAsync();

    public async Task DisposeAsync() => await Live.DisposeAsync();
}
