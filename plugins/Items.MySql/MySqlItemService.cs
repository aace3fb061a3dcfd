using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>Stores items in a table of a MariaDB or MySQL database.</summary>
public sealed class MySqlItemService : IItemService, IItemFeed
{
    /// <summary>How often a transaction is tried that met another one.</summary>
    private const int Attempts = 3;

    /// <summary>How often a load takes over what another program changed, before it gives up.</summary>
    private const int MostAdoptions = 10;

    /// <summary>How many emptied collections are named at a time; between two such pages the connection is free for others.</summary>
    private const int ListPage = 256;

    private MySqlOptions? _options;
    private Tables? _tables;
    private Connections? _connections;
    private Loading? _loading;
    private Lineage? _lineage;
    private Fence? _fence;
    private Pace? _pace;
    private CommitWatch? _watch;
    private Wakeup? _wakeup;
    private ILogger? _logger;

    private readonly Doubts _doubts = new();

    /// <summary>Changes the options that the configuration does not offer.</summary>
    internal Func<MySqlOptions, MySqlOptions> Adjust { get; init; } = options => options;

    private MySqlOptions Options => _options ?? throw new InvalidOperationException("The service was not opened.");

    private Connections Connections => _connections ?? throw new InvalidOperationException("The service was not opened.");

    /// <inheritdoc/>
    public async ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        _options = Adjust(MySqlOptions.From(context));
        _logger = context.Logger;
        var traits = await Opening.RunAsync(_options, context, stop);
        traits.WarnIfWeak(_options, context);
        _tables = new Tables(_options.Table, traits.Collation);
        _lineage = new Lineage(_tables, _options, context.Logger);
        _fence = new Fence(_tables, traits, _lineage);
        _loading = new Loading(_tables, _options, _fence, context.Logger);
        _pace = new Pace(_options.PollInterval);
        _connections = new Connections(_options, _lineage);
        _watch = new CommitWatch(_connections, _tables, _options, _pace, new Pruning(_connections, _tables, _options, context.Logger));
        if (_options.Wakeup is not null) _wakeup = new Wakeup(_options, context.Logger, _pace.Wake);
        context.Logger.Opened(context.ServiceName, _options.Table, _options.Name, traits.Version);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StorageChange>?> PlanAsync(ItemServiceContext context, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        return await Opening.PlanAsync(Adjust(MySqlOptions.From(context)), context, stop);
    }

    /// <inheritdoc/>
    public async ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop)
    {
        await SettleAsync(key, stop);
        for (var adoption = 0; adoption < MostAdoptions; adoption++)
        {
            var loaded = await RetryAsync(
                () => Connections.ReadAsync(connection => _loading!.LoadAsync(connection, key, stop), stop), stop);
            if (loaded is not null) return loaded;
            await RunAsync([], key, stop);
        }
        throw new ItemServiceException(
            ItemServiceFault.Unavailable,
            $"another program changes {key.App}/{key.Collection} in table {Options.Table} of {Options.Name} all the time, as a trigger "
                + "may: let it leave the column touched alone");
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop)
    {
        try
        {
            return (await RunAsync(batch, null, stop)).Results;
        }
        catch (OperationCanceledException e)
        {
            // The COMMIT is not cancelled: nothing was stored, and the host need not ask.
            throw new ItemServiceException(
                ItemServiceFault.Unavailable, $"{Options.Name}: the commit was cancelled before anything was stored", e);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<CollectionKey> ListAsync(string? app, [EnumeratorCancellation] CancellationToken stop)
    {
        var keys = await RetryAsync(() => Connections.ReadAsync(connection => _loading!.ListAsync(connection, app, stop), stop), stop);
        foreach (var key in keys) yield return key;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<CollectionPosition> ListEmptiedAsync([EnumeratorCancellation] CancellationToken stop)
    {
        var last = 0L;
        while (true)
        {
            var after = last;
            var page = await RetryAsync(
                () => Connections.ReadAsync(connection => new Forgetting(connection, _tables!, stop).ListAsync(after, ListPage), stop),
                stop);
            foreach (var (_, collection) in page) yield return collection;
            if (page.Count < ListPage) yield break;
            last = page[^1].Row;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<bool> ForgetAsync(CollectionKey key, Position at, CancellationToken stop) => await RetryAsync(
        () => Connections.ReadAsync(connection => new Forgetting(connection, _tables!, stop).RunAsync(key, at), stop), stop);

    /// <inheritdoc/>
    public IAsyncEnumerable<IReadOnlyList<CollectionPosition>> WatchAsync(CancellationToken stop) =>
        (_watch ?? throw new InvalidOperationException("The service was not opened.")).RunAsync(stop);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<IReadOnlyList<ItemCommit>?>> ReadAsync(
        IReadOnlyList<CollectionPosition> since, CancellationToken stop)
    {
        for (var i = 0; i < since.Count; i++) await SettleAsync(since[i].Key, stop);
        return await RetryAsync(() => Connections.ReadAsync(connection => ReadAsync(connection, since, stop), stop), stop);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _watch?.Dispose();
        if (_wakeup is not null) await _wakeup.DisposeAsync();
        if (_connections is not null) await _connections.DisposeAsync();
    }

    private async Task<IReadOnlyList<IReadOnlyList<ItemCommit>?>> ReadAsync(
        MySqlConnection connection, IReadOnlyList<CollectionPosition> since, CancellationToken stop)
    {
        var reading = new CommitReading(connection, _tables!, Options, Connections.PacketBytes, stop);
        var answers = await reading.RunAsync(since);
        if (reading.Last is { } last) await _fence!.WaitAsync(connection, last, stop);
        return answers;
    }

    private async Task<Transaction.Outcome> RunAsync(IReadOnlyList<ItemUpdate> batch, CollectionKey? suspect, CancellationToken stop)
    {
        Transaction.Outcome outcome;
        try
        {
            outcome = await RetryAsync(
                () =>
                    Connections.WriteAsync(
                        connection =>
                            new Transaction(connection, _tables!, Options, Connections.PacketBytes, stop)
                                .RunAsync(batch, _lineage!.StoreEpoch, suspect),
                        stop),
                stop);
        }
        catch (ItemServiceException e) when (e.Fault == ItemServiceFault.OutcomeUnknown)
        {
            var keys = batch.Select(update => update.Key).Distinct();
            _doubts.Add(suspect is { } adopted ? keys.Append(adopted) : keys);
            throw;
        }
        if (outcome.Stored is { } commit)
        {
            _lineage!.Saw(commit);
            _pace!.Stir();
            _wakeup?.Publish();
        }
        foreach (var (app, collection) in outcome.Adopted) _logger!.CollectionChanged(app, collection, Options.Table);
        return outcome;
    }

    /// <summary>Waits until a commit of the collection that was not answered is over.</summary>
    private ValueTask SettleAsync(CollectionKey key, CancellationToken stop) => _doubts.SettleAsync(
        key, () => RetryAsync(() => Connections.ReadAsync(
            connection => new Transaction(connection, _tables!, Options, Connections.PacketBytes, stop).WaitAsync(key), stop), stop));

    /// <summary>
    /// Runs a transaction, again if it was in vain: a few times if it met another one, and on the next connection if its own ended, as all
    /// in the pool have when the server was restarted. The COMMIT's own errors are told by it, and end this.
    /// </summary>
    private async Task<T> RetryAsync<T>(Func<Task<T>> transaction, CancellationToken stop)
    {
        var (attempts, connections) = (Attempts, Options.PoolMaximum + 1);
        while (true)
        {
            try
            {
                return await transaction();
            }
            catch (Exception e) when (Faults.IsForeign(e))
            {
                if (stop.IsCancellationRequested) throw new OperationCanceledException(e.Message, e, stop);
                if (Faults.IsConnectionLost(e) ? --connections > 0 : Faults.HasMetAnother(e) && --attempts > 0) continue;
                throw Faults.Of(e, Options);
            }
        }
    }
}
