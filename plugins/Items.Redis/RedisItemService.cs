namespace SharedState.Items.Redis;

/// <summary>Stores items in Redis: in one server, behind Sentinels, or in a Cluster; several hosts may use it at a time.</summary>
public sealed class RedisItemService : IItemService, IItemFeed
{
    private Server? _server;
    private Buckets? _buckets;
    private Committer? _committer;
    private CollectionReader? _reader;
    private CommitWatch? _watch;
    private ChangeReader? _changes;

    /// <summary>Changes the options that the configuration does not offer.</summary>
    internal Func<RedisOptions, RedisOptions> Adjust { get; init; } = options => options;

    private volatile bool _closed;

    private Committer Committer => Opened(_committer);

    private CollectionReader Reader => Opened(_reader);

    /// <inheritdoc/>
    public async ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop)
    {
        var (options, layout, version) = await CheckAsync(context, stop);
        var server = Opened(_server);
        _buckets = new Buckets(server, layout, context.Logger);
        await _buckets.VisitAsync(layout.All[0], layout.All[0].Seen, stop);
        _committer = new Committer(server, layout, _buckets);
        _reader = new CollectionReader(server, layout, _buckets, context.Logger);
        _watch = new CommitWatch(server, layout, _buckets, new Landmarks(server, layout), _committer.Host);
        _changes = new ChangeReader(server, layout);
        var mode = server.IsCluster ? $"a Cluster of {server.Masters.Count} masters" : "one server";
        context.Logger.Opened(context.ServiceName, options.Table, options.Name, version, mode);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StorageChange>?> PlanAsync(ItemServiceContext context, CancellationToken stop)
    {
        var (options, layout, _) = await CheckAsync(context, stop);
        var formats = await Opened(_server).AskAsync(
            database => Task.WhenAll(layout.All.Select(bucket => database.HashGetAsync(bucket.Mark, "format"))), stop);
        if (formats.FirstOrDefault(format => !format.IsNull && format != Buckets.Format) is { IsNull: false } other)
            throw Buckets.Foreign(options, other!);
        var missing = formats.Count(format => format.IsNull);
        return missing == 0 ? [] : [new() { Statement = $"{missing} keys {layout.Marks}, which tell when history was lost" }];
    }

    /// <inheritdoc/>
    public async ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop)
    {
        await Committer.SettleAsync(stop);
        return await Reader.LoadAsync(key, stop);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop) =>
        await Committer.CommitAsync(batch, stop);

    /// <inheritdoc/>
    public IAsyncEnumerable<CollectionKey> ListAsync(string? app, CancellationToken stop) => Reader.ListAsync(app, stop);

    /// <inheritdoc/>
    public IAsyncEnumerable<CollectionPosition> ListEmptiedAsync(CancellationToken stop) => Reader.ListEmptiedAsync(stop);

    /// <inheritdoc/>
    public async ValueTask<bool> ForgetAsync(CollectionKey key, Position at, CancellationToken stop) =>
        await Committer.ForgetAsync(key, at, stop);

    /// <inheritdoc/>
    public IAsyncEnumerable<IReadOnlyList<CollectionPosition>> WatchAsync(CancellationToken stop) => Opened(_watch).ListsAsync(stop);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<IReadOnlyList<ItemCommit>?>> ReadAsync(
        IReadOnlyList<CollectionPosition> since, CancellationToken stop)
    {
        var changes = Opened(_changes);
        await Committer.SettleAsync(stop);
        return await changes.ReadAsync(since, stop);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _closed = true;
        if (_committer is not null) await _committer.CloseAsync();
        if (_server is not null) await _server.DisposeAsync();
        _committer?.Dispose();
        _buckets?.Dispose();
    }

    /// <summary>Connects, and checks the server and the user's rights, without writing anything.</summary>
    private async Task<(RedisOptions Options, Layout Layout, string Version)> CheckAsync(
        ItemServiceContext context, CancellationToken stop)
    {
        var options = Adjust(RedisOptions.From(context));
        _server = await Server.ConnectAsync(options, context, stop);
        if (_server.Masters.Count == 0)
            throw new ItemServiceException(ItemServiceFault.Unavailable, $"{options.Name}: there is no master to be written to");
        if (_server.IsCluster && options.Database != 0)
            throw RedisOptions.Wrong("db_name", "must be 0, or a prefix: a Redis Cluster has one database");
        var databases = _server.Masters[0].DatabaseCount; // 0 where it may not be asked
        if (databases > 0 && options.Database >= databases)
            throw RedisOptions.Wrong("db_name", $"must be less than {databases}, the number of databases of {options.Name}");

        var version = "";
        foreach (var master in _server.Masters) version = await ServerSettings.CheckAsync(_server, master, context.Logger, stop);

        var layout = new Layout(options.KeyPrefix, options.Database);
        await Rights.CheckAsync(_server, layout, stop);
        return (options, layout, version);
    }

    private T Opened<T>(T? part)
        where T : class
    {
        if (_closed) throw new ItemServiceException(ItemServiceFault.Unavailable, "Redis: the service was closed");
        return part ?? throw new InvalidOperationException("The service was not opened.");
    }
}
