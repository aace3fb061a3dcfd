using System.Text;
using MySqlConnector;
using SharedState.Items.MySql;
using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>What the tests of the MySQL plugin share: a database, services on it, and another program's view of it.</summary>
public abstract class MySqlTests : IAsyncLifetime
{
    protected static readonly CollectionKey Key = new("app", "collection");

    private readonly List<MySqlItemService> _opened = [];

    protected TestDatabase Database { get; private set; } = null!;

    protected LogLines Log { get; } = new();

    /// <summary>The server of all tests of the class; null for the one that all share.</summary>
    protected virtual Task<MariaDbServer> ServerAsync() => MariaDbServer.SharedAsync();

    public virtual async Task InitializeAsync() => Database = await TestDatabase.CreateAsync(await ServerAsync());

    public virtual async Task DisposeAsync()
    {
        foreach (var service in _opened) await service.DisposeAsync();
        await Database.DropAsync();
    }

    /// <summary>Opens the test's database.</summary>
    /// <param name="adjust">Changes the options that the configuration does not offer.</param>
    /// <param name="change">Changes the configuration.</param>
    /// <param name="stop">Ends the attempt.</param>
    internal async Task<MySqlItemService> OpenAsync(
        Func<MySqlOptions, MySqlOptions>? adjust = null,
        Action<Dictionary<string, string>>? change = null,
        CancellationToken stop = default)
    {
        var service = new MySqlItemService { Adjust = adjust ?? (options => options) };
        var config = Database.Config();
        change?.Invoke(config);
        await service.OpenAsync(new ItemServiceContext { ServiceName = "items", Config = config, BaseDirectory = Path.GetTempPath(), Logger = Log }, stop);
        _opened.Add(service);
        return service;
    }

    protected async Task CloseAsync(MySqlItemService service)
    {
        _opened.Remove(service);
        await service.DisposeAsync();
    }

    /// <summary>Opens a storage that must be refused, and gives the refusal.</summary>
    internal Task<ItemServiceException> RefusedAsync(
        Action<Dictionary<string, string>>? change = null,
        Func<MySqlOptions, MySqlOptions>? adjust = null) => Assert.ThrowsAsync<ItemServiceException>(() => OpenAsync(adjust, change));

    protected Task<List<string>> SqlAsync(string sql) => Database.SqlAsync(sql);

    /// <summary>A connection of another program.</summary>
    protected async Task<MySqlConnection> ConnectAsync()
    {
        var connection = new MySqlConnection(Database.Server.ConnectionString(Database.Name));
        await connection.OpenAsync();
        return connection;
    }

    protected static async Task<Position> CommitAsync(IItemService service, ItemUpdate update) =>
        Assert.Single(await service.CommitAsync([update], CancellationToken.None)).Position;

    protected static Task<Position> InsertAsync(IItemService service, params string[] ids) =>
        CommitAsync(service, new ItemUpdate { Key = Key, Insert = [.. ids.Select(id => NewItem(id))] });

    protected static Task<Position> RemoveAsync(IItemService service, params string[] ids) =>
        CommitAsync(service, new ItemUpdate { Key = Key, Remove = ids });

    protected static async Task<StoredCollection> LoadAsync(IItemService service, CollectionKey? key = null) =>
        await service.LoadAsync(key ?? Key, CancellationToken.None);

    /// <summary>A commit that must fail, and how.</summary>
    protected static Task<ItemServiceException> FailedAsync(IItemService service, params ItemUpdate[] batch) =>
        Assert.ThrowsAsync<ItemServiceException>(() => service.CommitAsync(batch, CancellationToken.None).AsTask());

    /// <summary>The items' JSON, in order.</summary>
    protected static IEnumerable<string> Texts(StoredCollection collection) =>
        collection.Items.Select(item => Encoding.UTF8.GetString(item.Json.Span)).Order(StringComparer.Ordinal);

    protected static Item NewItem(string id) => new(id, Encoding.UTF8.GetBytes($$"""{"id":"{{id}}"}"""));
}
