using System.Globalization;
using System.Text.RegularExpressions;
using SharedState.Host.Tests;
using SharedState.Items.Tests;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>The manual's example of several hosts behind a proxy: its files and its commands, word for word but for the ports and where the
/// program is.</summary>
internal sealed partial class Example : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Dictionary<string, string> _ports;
    private readonly string[] _commands;
    private readonly Dictionary<string, HostProcess> _running = [];

    private Example(ISharedStorage storage, int storagePort)
    {
        Storage = storage;
        _ports = Enumerable
            .Range(9000, 5)
            .ToDictionary(port => $"{port}", _ => ServerProcess.FreePort().ToString(CultureInfo.InvariantCulture));
        _ports["6379"] = storagePort.ToString(CultureInfo.InvariantCulture);
        _commands = Adapted("start").Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public ISharedStorage Storage { get; }

    public Uri Proxy => Url(0);

    public static async Task<Example> StartAsync()
    {
        var storage = await RedisStorage.StartAsync();
        var example = new Example(storage, storage.Port);
        try
        {
            foreach (var file in new[] { "hosts.json", "haproxy.cfg" }) example._folder.Write(file, example.Adapted(file));
            foreach (var command in example._commands)
            {
                var process = example.Run(command);
                if (command.StartsWith("PORT", StringComparison.Ordinal)) await process.UriAsync();
            }
            return example;
        }
        catch
        {
            await example.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where a host is, past the proxy.</summary>
    public Uri Url(int host) => new($"ws://127.0.0.1:{_ports[$"{9000 + host}"]}/");

    /// <summary>Starts a host by its command; returns when the proxy has noticed, as the manual says.</summary>
    public async Task StartHostAsync(int host)
    {
        await Run(_commands[0].Replace(_ports["9001"], _ports[$"{9000 + host}"], StringComparison.Ordinal)).UriAsync();
        await Task.Delay(TimeSpan.FromSeconds(1));
    }

    public HostProcess Process(int host) => _running[_ports[$"{9000 + host}"]];

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _running.Values) process.Dispose();
        await Storage.DisposeAsync();
        _folder.Dispose();
    }

    private string Adapted(string block) =>
        Port()
            .Replace(Manual.Block(block), port => _ports[port.Value])
            .Replace("DIR/", $"'{Path.GetDirectoryName(HostProcess.Program)}'/", StringComparison.Ordinal);

    private HostProcess Run(string command)
    {
        var name = Assignment().Match(command) is { Success: true } port ? port.Groups[1].Value : "haproxy";
        if (_running.Remove(name, out var before)) before.Dispose();
        return _running[name] = HostProcess.Start(_folder.FullName, ["-c", $"exec env {command}"], "/bin/sh");
    }

    [GeneratedRegex(@"\b(900[0-4]|6379)\b")]
    private static partial Regex Port();

    [GeneratedRegex("^PORT=([0-9]+) ")]
    private static partial Regex Assignment();
}
