using System.Globalization;
using SharedState.Host.Tests;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>One of several hosts: a real process on a port of its own, which it keeps when it is started again.</summary>
internal sealed class ClusterHost(string folder, string file, int port) : IDisposable
{
    private HostProcess? _process;

    public Uri Url { get; } = new($"ws://127.0.0.1:{port}/");

    public HostProcess Process => _process!;

    /// <summary>Starts it, also where it was ended; returns when it listens.</summary>
    public async Task StartAsync()
    {
        _process?.Dispose();
        _process = HostProcess.Start(folder, [file], environment: new() { ["PORT"] = port.ToString(CultureInfo.InvariantCulture) });
        await _process.UriAsync();
    }

    public void Dispose() => _process?.Dispose();
}
