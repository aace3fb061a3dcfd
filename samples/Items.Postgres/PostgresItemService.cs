using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Npgsql;
using SharedState;

namespace Items.Postgres;

/// <summary>Keeps collections in a schema of a PostgreSQL database, which several hosts may use at a time.</summary>
public sealed class PostgresItemService : IItemService, IItemFeed
{
    private readonly CancellationTokenSource _closing = new();
    private readonly string _ownRing = Guid.NewGuid().ToString("N");
    private Task _background = Task.CompletedTask;
    private Database? _database;
    private Loader? _loader;
    private Committer? _committer;
    private LogReader? _log;
    private Watcher? _watcher;
    private Bell? _bell;
    private Forgetter? _forgetter;

    // The collections of commits that were sent and not answered: such a commit may be under way for as long as it holds its rows.
    private readonly ConcurrentDictionary<CollectionKey, object> _doubts = new();

    /// <inheritdoc/>
    public async ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop)
    {
        var options = Options.Parse(context);
        _database = new Database(options, context.Logger);
        try
        {
            await using var connection = await _database.OpenSingleAsync(stop).ConfigureAwait(false);
            await new Schema(options.Schema, context.ServiceName).EnsureAsync(connection, context.Logger, stop).ConfigureAwait(false);
            await WarnAsync(connection, context.Logger, stop).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            throw Faults.FromOpening(e, stop);
        }

        _database.CheckLineageFromNowOn();
        var channel = options.Schema + "_commits";
        var janitor = new Janitor(_database, options.LogAge, context.Time, context.Logger);
        _loader = new Loader(_database, options.Loads);
        _committer = new Committer(_database);
        _log = new LogReader(_database);
        _forgetter = new Forgetter(_database);
        _watcher = new Watcher(_database, channel, _ownRing);
        _bell = new Bell(_database, channel, _ownRing, context.Logger);
        _background = Task.WhenAll(_bell.RunAsync(_closing.Token), janitor.RunAsync(_closing.Token));
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StorageChange>?> PlanAsync(ItemServiceContext context, CancellationToken stop)
    {
        var options = Options.Parse(context);
        try
        {
            await using var database = new Database(options, context.Logger);
            await using var connection = await database.OpenSingleAsync(stop).ConfigureAwait(false);
            await WarnAsync(connection, context.Logger, stop).ConfigureAwait(false);
            return await new Schema(options.Schema, context.ServiceName).PlanAsync(connection, stop).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            throw Faults.FromOpening(e, stop);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop) =>
        await UntilClosedAsync(
            async s =>
            {
                await SettleAsync(key, s).ConfigureAwait(false);
                return await Opened(_loader).LoadAsync(key, s).ConfigureAwait(false);
            },
            stop).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop)
    {
        try
        {
            // Not ended by closing: what was begun is brought to its end, so that its outcome is known.
            var (isChanged, results) = await Opened(_committer).CommitAsync(batch, stop).ConfigureAwait(false);
            if (isChanged)
            {
                Opened(_bell).Ring();
            }

            return results;
        }
        catch (ItemServiceException e) when (e.Fault == ItemServiceFault.OutcomeUnknown)
        {
            foreach (var update in batch)
            {
                _doubts[update.Key] = new object();
            }

            throw;
        }
        catch (OperationCanceledException e)
        {
            // Else the host would have to take it for an unknown outcome.
            throw new ItemServiceException(ItemServiceFault.Unavailable, "The commit was cancelled before anything was stored.", e);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<CollectionKey> ListAsync(string? app, [EnumeratorCancellation] CancellationToken stop)
    {
        // By pages, so that no connection is held while the host does something with a name.
        CollectionKey? last = null;
        List<CollectionKey> page;
        do
        {
            page = await UntilClosedAsync(s => Opened(_loader).ListAsync(app, last, s), stop).ConfigureAwait(false);
            foreach (var key in page)
            {
                yield return key;
                last = key;
            }
        }
        while (Loader.IsFull(page));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<CollectionPosition> ListEmptiedAsync([EnumeratorCancellation] CancellationToken stop)
    {
        CollectionKey? last = null;
        List<CollectionPosition> page;
        do
        {
            page = await UntilClosedAsync(s => Opened(_forgetter).ListAsync(last, s), stop).ConfigureAwait(false);
            foreach (var collection in page)
            {
                yield return collection;
                last = collection.Key;
            }
        }
        while (Forgetter.IsFull(page));
    }

    /// <inheritdoc/>
    public async ValueTask<bool> ForgetAsync(CollectionKey key, Position at, CancellationToken stop) =>
        await UntilClosedAsync(s => Opened(_forgetter).ForgetAsync(key, at, s), stop).ConfigureAwait(false);

    /// <inheritdoc/>
    public async IAsyncEnumerable<IReadOnlyList<CollectionPosition>> WatchAsync([EnumeratorCancellation] CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop, _closing.Token);
        await foreach (var news in Opened(_watcher).WatchAsync(ended.Token).ConfigureAwait(false))
        {
            yield return news;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<IReadOnlyList<ItemCommit>?>> ReadAsync(
        IReadOnlyList<CollectionPosition> since, CancellationToken stop) =>
        await UntilClosedAsync(
            async s =>
            {
                foreach (var (key, _) in since)
                {
                    await SettleAsync(key, s).ConfigureAwait(false);
                }

                return await Opened(_log).ReadAsync(since, s).ConfigureAwait(false);
            },
            stop).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _background.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_database != null)
        {
            await _database.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static T Opened<T>(T? part)
        where T : class => part ?? throw new InvalidOperationException("The service is not open.");

    private static async Task WarnAsync(NpgsqlConnection connection, ILogger logger, CancellationToken stop)
    {
        const string WhatIsOff =
            "SELECT string_agg(name, ' and ') FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'";
        if (await Sql.ScalarAsync(connection, stop, WhatIsOff).ConfigureAwait(false) is string off)
        {
            Log.NotDurable(logger, off);
        }
    }

    private async Task SettleAsync(CollectionKey key, CancellationToken stop)
    {
        if (_doubts.TryGetValue(key, out var doubt))
        {
            await Opened(_committer).WaitAsync(key, stop).ConfigureAwait(false);

            // Another doubt, if one came meanwhile, stays.
            _doubts.TryRemove(KeyValuePair.Create(key, doubt));
        }
    }

    private async Task<T> UntilClosedAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop, _closing.Token);
        try
        {
            return await work(ended.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!stop.IsCancellationRequested)
        {
            throw new ItemServiceException(ItemServiceFault.Unavailable, "The service was closed.", e);
        }
    }
}
