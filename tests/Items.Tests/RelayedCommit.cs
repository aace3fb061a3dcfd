using SharedState.Items.Conformance;

namespace SharedState.Items.Tests;

/// <summary>Holds back a commit on a line between a service and its server.</summary>
/// <param name="port">The server's port.</param>
/// <param name="mark">What the message of a COMMIT holds, and no other.</param>
/// <param name="farewell">What ends a session, after the COMMIT.</param>
/// <param name="config">The configuration of a service, given the line's port.</param>
internal sealed class RelayedCommit(int port, string mark, byte[] farewell, Func<int, IReadOnlyDictionary<string, string>> config)
    : HeldCommit
{
    private readonly Relay _relay = new(port) { Farewell = farewell };

    public override IReadOnlyDictionary<string, string> Config => config(_relay.Port);

    public override void Hold() => _relay.Cut(RelayFault.ArriveLate, mark);

    public override async Task ReleaseAsync()
    {
        _relay.Release();
        await _relay.Delivered.WaitAsync(TimeSpan.FromSeconds(30));
    }

    public override ValueTask DisposeAsync()
    {
        _relay.Dispose();
        return ValueTask.CompletedTask;
    }
}
