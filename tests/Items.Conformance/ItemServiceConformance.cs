using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace SharedState.Items.Conformance;

/// <summary>
/// The storage contract as tests. A plugin's test project holds one subclass, which says how to make the service and where its storage
/// is; each test runs in an instance of its own, on a storage of its own.
/// </summary>
public abstract partial class ItemServiceConformance : IAsyncLifetime
{
    private protected static readonly CollectionKey _key = new("app", "collection");

    private readonly List<IItemService> _opened = [];

    /// <summary>The configuration of a storage that is empty when the test begins, and the same one throughout the test.</summary>
    protected abstract IReadOnlyDictionary<string, string> Config { get; }

    /// <summary>
    /// The configuration of another service in the same storage, such as another table of the same database; null if there is no such
    /// thing.
    /// </summary>
    protected virtual IReadOnlyDictionary<string, string>? OtherConfig => null;

    /// <summary>Whether what was committed is still there when the storage was closed and is opened again.</summary>
    protected virtual bool IsDurable => true;

    /// <summary>Whether removals are remembered, so that a client that was away can be told of them.</summary>
    protected virtual bool RemembersRemovals => true;

    /// <summary>
    /// How long a call may take: a host cancels it after eight seconds, and gives up half a second later. Only for a machine that is much
    /// slower than those on which hosts will run, this is longer.
    /// </summary>
    protected virtual TimeSpan CallTime => TimeSpan.FromSeconds(8.5);

    /// <summary>What relative paths in the configuration are relative to.</summary>
    protected virtual string BaseDirectory => Path.GetTempPath();

    /// <summary>Where the service logs.</summary>
    protected virtual ILogger Logger => NullLogger.Instance;

    /// <summary>
    /// The storage of <see cref="Config"/> in the hands of its operator, for the tests in which it is killed or an older copy is put in
    /// its place; null where that can't be had.
    /// </summary>
    protected virtual OperatedStorage? NewOperatedStorage() => null;

    /// <summary>Makes a service, not yet opened.</summary>
    protected abstract IItemService Create();

    /// <summary>Called before each test.</summary>
    public virtual Task InitializeAsync() => Task.CompletedTask;

    /// <summary>Closes what the test opened.</summary>
    public virtual async Task DisposeAsync()
    {
        foreach (var service in _opened) await service.DisposeAsync();
    }

    /// <summary>Opens the storage; the test's end closes it.</summary>
    protected Task<IItemService> OpenAsync(IReadOnlyDictionary<string, string>? config = null) => OpenAsync(config, "items");

    private protected async Task<IItemService> OpenAsync(IReadOnlyDictionary<string, string>? config, string serviceName)
    {
        var service = TimedService.Of(Create(), CallTime);
        _opened.Add(service);
        await service.OpenAsync(NewContext(config ?? Config, serviceName), CancellationToken.None);
        return service;
    }

    private ItemServiceContext NewContext(IReadOnlyDictionary<string, string> config, string serviceName) =>
        new() { ServiceName = serviceName, Config = config, BaseDirectory = BaseDirectory, Logger = Logger };

    /// <summary>Closes a service, and opens the storage again.</summary>
    protected async Task<IItemService> ReopenAsync(IItemService service)
    {
        await CloseAsync(service);
        return await OpenAsync();
    }

    private protected async Task CloseAsync(IItemService service)
    {
        _opened.Remove(service);
        await service.DisposeAsync();
    }

    private protected static Task<CommitResult> CommitAsync(IItemService service, ItemUpdate update) => CommitAsync(service, _key, update);

    private protected static async Task<CommitResult> CommitAsync(IItemService service, CollectionKey key, ItemUpdate update)
    {
        update =
            new ItemUpdate { Key = key, Reset = update.Reset, Remove = update.Remove, Insert = update.Insert, Expected = update.Expected };
        return Assert.Single(await service.CommitAsync([update], CancellationToken.None));
    }

    /// <summary>
    /// Commits an update of each collection, in batches that a storage with a file for each collection can sync in time on a slow disk.
    /// </summary>
    private protected static async Task<List<CommitResult>> CommitEachAsync(
        IItemService service, CollectionKey[] keys, Func<CollectionKey, ItemUpdate> update)
    {
        var results = new List<CommitResult>();
        foreach (var part in keys.Chunk(50)) results.AddRange(await service.CommitAsync([.. part.Select(update)], CancellationToken.None));
        return results;
    }

    private protected static async Task<StoredCollection> LoadAsync(IItemService service, CollectionKey? key = null) =>
        await service.LoadAsync(key ?? _key, CancellationToken.None);

    private protected static async Task<List<CollectionKey>> ListAsync(IItemService service, string? app = null)
    {
        var keys = new List<CollectionKey>();
        await foreach (var key in service.ListAsync(app, CancellationToken.None)) keys.Add(key);
        return keys;
    }

    private protected static ItemUpdate Insert(params Item[] items) => new() { Key = _key, Insert = items };

    private protected static ItemUpdate Insert(params string[] ids) => Insert([.. ids.Select(id => NewItem(id))]);

    private protected static ItemUpdate Remove(params string[] ids) => new() { Key = _key, Remove = ids };

    private protected static ItemUpdate Reset(params string[] ids) =>
        new() { Key = _key, Reset = true, Insert = [.. ids.Select(id => NewItem(id))] };

    private protected static Item NewItem(string id, int value = 0) =>
        new(id, Encoding.UTF8.GetBytes($$"""{"id":{{System.Text.Json.JsonSerializer.Serialize(id)}},"value":{{value}}}"""));

    private protected static string Text(ReadOnlyMemory<byte> json) => Encoding.UTF8.GetString(json.Span);

    /// <summary>The ids of a collection's items, in the order of their code points.</summary>
    private protected static IEnumerable<string> Ids(StoredCollection collection) =>
        collection.Items.Select(item => item.Id).Order(StringComparer.Ordinal);
}
