using System.Text;
using SharedState.Items.Redis;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>What the tests of the Redis plugin share: servers that end with the test, and services on them.</summary>
public abstract class RedisTests : IAsyncLifetime
{
    /// <summary>The numbers of the lines that tests look for.</summary>
    protected const int Opened = 3200, Weak = 3201, HistoryReplaced = 3202, EpochChanged = 3203, FieldsLeftOut = 3204,
        HistoryBranched = 3207;

    protected static readonly CollectionKey Key = new("app", "collection");

    private readonly List<RedisServer> _servers = [];
    private readonly List<RedisItemService> _opened = [];

    protected LogLines Log { get; } = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var service in _opened) await service.DisposeAsync();
        foreach (var server in _servers) await server.DisposeAsync();
    }

    /// <summary>Starts a server; see <see cref="RedisServer.StartAsync"/>.</summary>
    protected async Task<RedisServer> StartAsync(params string[] settings)
    {
        var server = await RedisServer.StartAsync(settings);
        _servers.Add(server);
        return server;
    }

    private protected Task<RedisItemService> OpenAsync(RedisServer server, Func<RedisOptions, RedisOptions>? adjust = null) =>
        OpenAsync(server.Config(), adjust);

    private protected async Task<RedisItemService> OpenAsync(
        IReadOnlyDictionary<string, string> config, Func<RedisOptions, RedisOptions>? adjust = null)
    {
        var service = new RedisItemService { Adjust = adjust ?? (options => options) };
        _opened.Add(service);
        await service.OpenAsync(
            new ItemServiceContext { ServiceName = "items", Config = config, BaseDirectory = Path.GetTempPath(), Logger = Log }, CancellationToken.None);
        return service;
    }

    /// <summary>Closes a service before the test ends.</summary>
    private protected async Task CloseAsync(RedisItemService service)
    {
        _opened.Remove(service);
        await service.DisposeAsync();
    }

    /// <summary>Opens a storage that must be refused, and gives the refusal.</summary>
    protected Task<ItemServiceException> RefusedAsync(IReadOnlyDictionary<string, string> config) =>
        Assert.ThrowsAsync<ItemServiceException>(() => OpenAsync(config));

    protected static async Task<CommitResult> CommitAsync(RedisItemService service, ItemUpdate update) =>
        Assert.Single(await service.CommitAsync([update], CancellationToken.None));

    protected static async Task<Position> InsertAsync(RedisItemService service, params string[] ids) =>
        (await CommitAsync(service, new ItemUpdate { Key = Key, Insert = [.. ids.Select(id => NewItem(id))] })).Position;

    protected static async Task<ItemServiceException> FaultAsync(RedisItemService service, params string[] ids) =>
        await Assert.ThrowsAsync<ItemServiceException>(() => InsertAsync(service, ids));

    protected static async Task<StoredCollection> LoadAsync(RedisItemService service, CollectionKey? key = null) =>
        await service.LoadAsync(key ?? Key, CancellationToken.None);

    protected static async Task<IEnumerable<string>> IdsAsync(RedisItemService service, CollectionKey? key = null) =>
        (await LoadAsync(service, key)).Items.Select(item => item.Id).Order(StringComparer.Ordinal);

    private protected static IAsyncEnumerator<IReadOnlyList<CollectionPosition>> Watch(RedisItemService service) =>
        service.WatchAsync(CancellationToken.None).GetAsyncEnumerator();

    /// <summary>Takes the next list of a watch.</summary>
    protected static async Task<IReadOnlyList<CollectionPosition>> NextAsync(IAsyncEnumerator<IReadOnlyList<CollectionPosition>> lists)
    {
        Assert.True(await lists.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10)));
        return lists.Current;
    }

    private protected static async Task<IReadOnlyList<ItemCommit>?> ReadAsync(RedisItemService service, Position since) =>
        Assert.Single(await service.ReadAsync([new(Key, since)], CancellationToken.None));

    protected static Item NewItem(string id, string text = "") =>
        new(id, Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","text":"{{text}}"}"""));

    /// <summary>Waits for a condition, with a deadline; what throws is not yet so.</summary>
    protected static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var deadline = DateTime.UtcNow.AddSeconds(20);
        while (true)
        {
            try
            {
                if (await condition()) return;
            }
            catch (ItemServiceException) when (DateTime.UtcNow < deadline)
            {
                // Not yet.
            }
            Assert.True(DateTime.UtcNow < deadline, $"in 20 s: {what}");
            await Task.Delay(20);
        }
    }
}
