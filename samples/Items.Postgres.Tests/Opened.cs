using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SharedState;

namespace Items.Postgres.Tests;

/// <summary>A service that a test opened, and short ways to use it.</summary>
internal sealed class Opened(PostgresItemService service) : IAsyncDisposable
{
    public static readonly CollectionKey Key = new("app", "things");

    public PostgresItemService Service => service;

    /// <summary>Opens a service.</summary>
    public static async Task<Opened> OpenAsync(Dictionary<string, string> config)
    {
        var service = new PostgresItemService();
        try
        {
            await service.OpenAsync(Context(config), CancellationToken.None);
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }

        return new Opened(service);
    }

    /// <summary>How opening fails.</summary>
    public static async Task<ItemServiceException> FailsToOpenAsync(Dictionary<string, string> config) =>
        await Assert.ThrowsAsync<ItemServiceException>(async () => await (await OpenAsync(config)).DisposeAsync());

    public static ItemUpdate Put(CollectionKey key, params string[] ids) => new() { Key = key, Insert = [.. ids.Select(Item)] };

    public static ItemUpdate Remove(CollectionKey key, params string[] ids) => new() { Key = key, Remove = ids };

    public static Item Item(string id) => new(id, Encoding.UTF8.GetBytes($$"""{"id":"{{id}}"}"""));

    public async Task<CommitResult> CommitAsync(ItemUpdate update) => (await service.CommitAsync([update], CancellationToken.None))[0];

    public async Task<StoredCollection> LoadAsync(CollectionKey? key = null) => await service.LoadAsync(key ?? Key, CancellationToken.None);

    public async Task<IReadOnlyList<ItemCommit>?> ReadAsync(Position since) =>
        (await service.ReadAsync([new CollectionPosition(Key, since)], CancellationToken.None))[0];

    public ValueTask DisposeAsync() => service.DisposeAsync();

    private static ItemServiceContext Context(Dictionary<string, string> config) =>
        new() { ServiceName = "service", Config = config, BaseDirectory = Path.GetTempPath(), Logger = NullLogger.Instance };
}
