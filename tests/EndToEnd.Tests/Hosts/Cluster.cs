using System.Text.Json;
using SharedState.Host.Tests;
using SharedState.Host.Tests.Engine;
using SharedState.Items.Tests;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>Several hosts with one configuration on one storage, which goes with them. SHAREDSTATE_HOSTS says how many.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    private const string Config = """
        {"service": {"host": "127.0.0.1", "port": {"env": "PORT"}}, "plugins": PLUGINS,
         "services": [{"name": "items", "module": "items_service", "config": CONFIG}]}
        """;

    private readonly TempFolder _folder = new();

    private Cluster(ISharedStorage storage) => Storage = storage;

    public ISharedStorage Storage { get; }

    public IReadOnlyList<ClusterHost> Hosts { get; private set; } = [];

    public IReadOnlyList<Uri> Urls => [.. Hosts.Select(host => host.Url)];

    /// <param name="storage">Is ended with the hosts.</param>
    public static async Task<Cluster> StartAsync(ISharedStorage storage)
    {
        var hosts = Setting.Number("SHAREDSTATE_HOSTS", 3);
        var cluster = new Cluster(storage);
        try
        {
            cluster._folder.Write("my.json", Config
                .Replace("PLUGINS", JsonSerializer.Serialize(storage.PluginFolders), StringComparison.Ordinal)
                .Replace("CONFIG", storage.Config, StringComparison.Ordinal));
            cluster.Hosts =
            [
                .. Enumerable.Range(0, hosts).Select(_ => new ClusterHost(cluster._folder.FullName, "my.json", ServerProcess.FreePort())),
            ];
            await Task.WhenAll(cluster.Hosts.Select(host => host.StartAsync()));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in Hosts) host.Dispose();
        await Storage.DisposeAsync();
        _folder.Dispose();
    }
}
