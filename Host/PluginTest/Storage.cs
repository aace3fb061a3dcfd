using Microsoft.Extensions.Logging.Abstractions;

namespace SharedState.Host.PluginTest;

/// <summary>A new storage for one test: a folder and a name of its own.</summary>
/// <param name="plugin">The plugin.</param>
/// <param name="folder">The base of relative paths.</param>
/// <param name="name">The replacement for <c>{new}</c> in the configuration.</param>
internal sealed class Storage(TestedPlugin plugin, string folder, string name)
{
    /// <summary>
    /// The time limit of a call, as in the host: the token is cancelled after eight seconds, and the host waits half a second longer.
    /// </summary>
    public static readonly TimeSpan CallTime = new Limits().StorageTime + TimeSpan.FromMilliseconds(500);

    public string Folder => folder;

    public IReadOnlyDictionary<string, string> Config => ConfigWith(new Dictionary<string, string>());

    public static string NewName() => $"t{Guid.NewGuid():N}"[..16];

    public IReadOnlyDictionary<string, string> ConfigWith(IReadOnlyDictionary<string, string> others)
    {
        var config = new Dictionary<string, string>(plugin.Config);
        foreach (var (key, value) in others) config[key] = value;
        return config.ToDictionary(entry => entry.Key, entry => entry.Value.Replace("{new}", name, StringComparison.Ordinal));
    }

    public ItemServiceContext Context(IReadOnlyDictionary<string, string>? config = null) => new()
    {
        ServiceName = "items",
        Config = config ?? Config,
        BaseDirectory = folder,
        Logger = NullLogger.Instance,
    };

    /// <summary>Opens the storage with one attempt.</summary>
    public async Task<IItemService> OpenAsync(IReadOnlyDictionary<string, string>? config = null, CancellationToken stop = default)
    {
        var service = plugin.Create();
        try
        {
            await Limited.CallAsync("OpenAsync", CallTime, () => service.OpenAsync(Context(config), stop).AsTask());
            return service;
        }
        catch (Exception e) when (e is not TestFailure)
        {
            await CloseAsync(service);
            throw;
        }
    }

    /// <summary>
    /// Opens the storage, again and again while it is unavailable, because a server may notice late that its last client is gone.
    /// </summary>
    public async Task<IItemService> OpenAgainAsync(TimeSpan patience)
    {
        using var late = new CancellationTokenSource(patience);
        while (true)
        {
            try
            {
                return await OpenAsync();
            }
            catch (ItemServiceException e) when (e.IsTransient && !late.IsCancellationRequested)
            {
                await Task.Delay(200, CancellationToken.None);
            }
        }
    }

    public static Task CloseAsync(IItemService service) =>
        Limited.CallAsync("DisposeAsync", TimeSpan.FromSeconds(10), () => service.DisposeAsync().AsTask());
}
