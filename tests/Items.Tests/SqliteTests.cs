using System.Diagnostics;
using System.Text;
using Microsoft.Data.Sqlite;
using SharedState.Items.Sqlite;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>What the tests of the SQLite plugin share: a folder, services on its database, and another program's view of it.</summary>
public abstract class SqliteTests : IAsyncLifetime
{
    protected static readonly CollectionKey Key = new("app", "collection");

    private readonly List<SqliteItemService> _opened = [];

    protected TemporaryFolder Folder { get; } = new();

    protected LogLines Log { get; } = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var service in _opened) await service.DisposeAsync();
        Folder.Delete();
    }

    private protected async Task<SqliteItemService> OpenAsync(
        string? database = null, string table = "items", int busySeconds = 5, int removalsKept = 10_000, string name = "items",
        Func<SqliteOptions, SqliteOptions>? adjust = null)
    {
        var service = new SqliteItemService
        {
            Adjust = options => (adjust ?? (given => given))(options with { BusySeconds = busySeconds, RemovalsKept = removalsKept }),
        };
        var config = Folder.Config(table);
        if (database is not null) config["db_name"] = database;
        await service.OpenAsync(
            new ItemServiceContext { ServiceName = name, Config = config, BaseDirectory = Path.GetTempPath(), Logger = Log },
                CancellationToken.None);
        _opened.Add(service);
        return service;
    }

    protected async Task CloseAsync(SqliteItemService service)
    {
        _opened.Remove(service);
        await service.DisposeAsync();
    }

    /// <summary>Opens a storage that must be refused, and gives the refusal.</summary>
    protected Task<ItemServiceException> RefusedAsync(string? database = null, string table = "items", string name = "items") =>
        Assert.ThrowsAsync<ItemServiceException>(() => OpenAsync(database, table, busySeconds: 1, name: name));

    /// <summary>Runs SQL as another program does: on a connection of its own.</summary>
    protected List<string> Sql(string sql, string? database = null)
    {
        using var connection = new SqliteConnection($"Data Source={database ?? Folder.Database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        var rows = new List<string>();
        using var reader = command.ExecuteReader();
        while (reader.Read()) rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.GetValue(i))));
        return rows;
    }

    /// <summary>
    /// Copies files, also open ones, by a process of its own: closing a database's file here would take this process's locks from it.
    /// </summary>
    protected static async Task CopyAsync(params string[] paths)
    {
        using var copy = Process.Start("cp", ["-R", .. paths]);
        await copy.WaitForExitAsync();
        Assert.Equal(0, copy.ExitCode);
    }

    protected static async Task<Position> CommitAsync(SqliteItemService service, ItemUpdate update) =>
        Assert.Single(await service.CommitAsync([update], CancellationToken.None)).Position;

    protected static Task<Position> InsertAsync(SqliteItemService service, params string[] ids) =>
        CommitAsync(service, new ItemUpdate { Key = Key, Insert = [.. ids.Select(id => NewItem(id))] });

    protected static Task<Position> RemoveAsync(SqliteItemService service, params string[] ids) =>
        CommitAsync(service, new ItemUpdate { Key = Key, Remove = ids });

    protected static async Task<StoredCollection> LoadAsync(SqliteItemService service, CollectionKey? key = null) =>
        await service.LoadAsync(key ?? Key, CancellationToken.None);

    /// <summary>The items' JSON, in order.</summary>
    protected static IEnumerable<string> Texts(StoredCollection collection) =>
        collection.Items.Select(item => Encoding.UTF8.GetString(item.Json.Span)).Order(StringComparer.Ordinal);

    protected static Item NewItem(string id) => new(id, Encoding.UTF8.GetBytes($$"""{"id":"{{id}}"}"""));
}
