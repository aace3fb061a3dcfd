using System.Diagnostics;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SharedState.Items.Sqlite;

/// <summary>The one connection that writes, used by one thread.</summary>
internal sealed class WriteConnection : IDisposable
{
    /// <summary>
    /// How long SQLite waits for a lock at a time, in milliseconds: it can't be told to stop waiting, and the host allows half a second.
    /// </summary>
    private const int BusyStep = 100;

    private readonly SqliteOptions _options;
    private readonly ItemServiceContext _context;
    private readonly StoreLock _lock;
    private readonly DiskRoom _room;
    private readonly CollectionIndex _collections;
    private readonly List<Statement> _statements = [];

    /// <summary>Not by the driver, which after its time asks again by itself, for whole seconds.</summary>
    private readonly sqlite3_stmt _begin;
    private readonly Statement _beginWriting;
    private readonly Statement _endWriting;
    private readonly Statement _commit;
    private readonly Statement _rollback;

    private readonly Statement _update;
    private readonly Statement _insert;
    private readonly Statement _delete;
    private readonly Statement _deleteAll;
    private readonly Statement _count;

    private readonly Statement _create;
    private readonly Statement _save;
    private readonly Statement _remember;
    private readonly Statement _forget;
    private readonly Statement _forgetAll;
    private readonly Statement _forgetUntil;
    private readonly Statement _nthRemoval;
    private readonly Statement _adopted;
    private readonly Statement _drop;
    private readonly Statement _renewEpoch;

    /// <summary>Prepares the statements.</summary>
    /// <param name="connection">An open connection, disposed of with this.</param>
    /// <param name="options">The service's options.</param>
    /// <param name="schema">The tables, which are there.</param>
    /// <param name="context">The clock and the logger.</param>
    /// <param name="storeLock">Where to record each commit.</param>
    public WriteConnection(
        SqliteConnection connection, SqliteOptions options, Schema schema, ItemServiceContext context, StoreLock storeLock)
    {
        Connection = connection;
        _options = options;
        _context = context;
        _lock = storeLock;
        _room = new DiskRoom(connection, options);
        _collections = new CollectionIndex(connection, schema);

        raw.sqlite3_busy_timeout(connection.Handle, BusyStep);
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(connection.Handle, "BEGIN IMMEDIATE", out _begin), connection.Handle);
        _beginWriting = Prepare($"UPDATE {schema.Store} SET writing = 1, commits = commits + 1 RETURNING store, commits");
        _endWriting = Prepare($"UPDATE {schema.Store} SET writing = 0");
        _commit = Prepare("COMMIT");
        _rollback = Prepare("ROLLBACK");

        _update = Prepare($"UPDATE {schema.Items} SET ctime = ?1, data = ?2 WHERE app = ?3 AND chnl = ?4 AND id = ?5");
        _insert = Prepare($"INSERT INTO {schema.Items} (ctime, data, app, chnl, id) VALUES (?1, ?2, ?3, ?4, ?5)");
        _delete = Prepare($"DELETE FROM {schema.Items} WHERE app = ?1 AND chnl = ?2 AND id = ?3");
        _deleteAll = Prepare($"DELETE FROM {schema.Items} WHERE app = ?1 AND chnl = ?2");
        _count = Prepare($"SELECT count(*) FROM {schema.Items} WHERE app = ?1 AND chnl = ?2");

        _create = Prepare($"""
            INSERT INTO {schema.Collections} (app, chnl, epoch, epoch_start, revision, history_start, items, removals)
            VALUES (?1, ?2, ?3, 0, 0, 0, 0, 0) RETURNING collection
            """);
        _save = Prepare($"""
            UPDATE {schema.Collections} SET epoch = ?2, epoch_start = ?3, revision = ?4, history_start = ?5, items = ?6, removals = ?7
            WHERE collection = ?1
            """);
        _remember = Prepare($"INSERT OR REPLACE INTO {schema.Removals} (collection, id, revision) VALUES (?1, ?2, ?3)");
        _forget = Prepare($"DELETE FROM {schema.Removals} WHERE collection = ?1 AND id = ?2");
        _forgetAll = Prepare($"DELETE FROM {schema.Removals} WHERE collection = ?1");
        _forgetUntil = Prepare($"DELETE FROM {schema.Removals} WHERE collection = ?1 AND revision <= ?2");
        _nthRemoval = Prepare($"SELECT revision FROM {schema.Removals} WHERE collection = ?1 ORDER BY revision DESC LIMIT 1 OFFSET ?2");
        _adopted = Prepare($"DELETE FROM {schema.Changed} WHERE app = ?1 AND chnl = ?2");
        _drop = Prepare($"DELETE FROM {schema.Collections} WHERE collection = ?1");
        _renewEpoch = Prepare($"UPDATE {schema.Store} SET epoch = ?1");
    }

    internal SqliteConnection Connection { get; }

    /// <summary>Stores a batch in one transaction.</summary>
    public IReadOnlyList<CommitResult> Commit(IReadOnlyList<ItemUpdate> batch, CancellationToken stop) => Write(WriteSize.Of(batch), () =>
    {
        var results = new CommitResult[batch.Count];
        var rows = new Dictionary<CollectionKey, CollectionRow>();
        var time = ItemRow.Time(_context.Time.GetUtcNow());
        for (var i = 0; i < results.Length; i++)
        {
            var key = batch[i].Key;
            if (!rows.TryGetValue(key, out var row)) rows.Add(key, row = FindAdopted(key));
            var status = Apply(batch[i], row, time);
            results[i] = new CommitResult(status, row.Position);
        }
        foreach (var row in rows.Values)
        {
            if (row.Id == 0) continue;
            ForgetOldest(row);
            Save(row);
        }
        return results;
    }, stop);

    /// <summary>
    /// Whether the log may hold a transaction that failed. The next one that is stored overwrites it; until then a host that is killed
    /// would find it there.
    /// </summary>
    public bool InDoubt { get; private set; }

    /// <summary>Makes sure that what failed will not be found in the log.</summary>
    public bool Settle() => !InDoubt || Write(WriteSize.Smallest, () => true, CancellationToken.None);

    /// <summary>Makes what another program left of a collection the beginning of a new epoch.</summary>
    public CollectionRow Adopt(CollectionKey key, CancellationToken stop) => Write(WriteSize.Smallest, () => FindAdopted(key), stop);

    /// <summary>Forgets a collection's history if the collection has no items and stands at this position.</summary>
    public bool Forget(CollectionKey key, Position at, CancellationToken stop)
    {
        // Most collections that can't be forgotten are found before anything is written; within the transaction nothing can change any
        // more.
        if (!Stands(key, at, out _)) return false;
        return Write(WriteSize.Smallest, () =>
        {
            if (!Stands(key, at, out var id)) return false;
            if (id == 0) return true;
            _forgetAll.Execute(id);
            _drop.Execute(id);

            // The collection may begin again: its revisions must be those of another epoch.
            _renewEpoch.Execute(Epoch.New());
            return true;
        }, stop);
    }

    public void Dispose()
    {
        _begin.Dispose();
        foreach (var statement in _statements) statement.Dispose();
        _collections.Dispose();
        Connection.Dispose();
    }

    /// <summary>Runs a transaction. Either all of it is stored when this returns, or it throws and nothing is.</summary>
    /// <exception cref="ItemServiceException">
    /// <see cref="ItemServiceFault.OutcomeUnknown"/>: the disk failed while it was to store, or the file was replaced.
    /// </exception>
    private T Write<T>(WriteSize size, Func<T> work, CancellationToken stop)
    {
        _room.Ensure(size);
        Begin(stop);
        try
        {
            OpenedFile.Check(Connection, _options);
            var (store, commits) = BeginWriting();
            var result = work();
            _endWriting.Execute();
            StoreAll();
            if (OpenedFile.HasMoved(Connection)) throw Faults.Moved(ItemServiceFault.OutcomeUnknown, _options);
            _lock.Record(store, commits);
            return result;
        }
        finally
        {
            // After some errors SQLite has rolled back already.
            if (raw.sqlite3_get_autocommit(Connection.Handle) == 0) _rollback.Execute();
        }
    }

    /// <summary>
    /// Begins once no other program has the lock. Who does not wait any longer is told so by the same error as after all of the time: the
    /// outcome is known, nothing was begun.
    /// </summary>
    /// <exception cref="SqliteException">The lock was not to be had in time.</exception>
    private void Begin(CancellationToken stop)
    {
        var asked = Stopwatch.GetTimestamp();
        while (true)
        {
            raw.sqlite3_step(_begin);
            var code = raw.sqlite3_reset(_begin); // the step's error, if there was one
            var over = stop.IsCancellationRequested || Stopwatch.GetElapsedTime(asked) >= TimeSpan.FromSeconds(_options.BusySeconds);
            if (code != raw.SQLITE_BUSY || over)
            {
                SqliteException.ThrowExceptionForRC(code, Connection.Handle);
                return;
            }
        }
    }

    private (string Store, long Commits) BeginWriting()
    {
        using var row = _beginWriting.Query();
        row.Read();
        return (row.Text(0)!, row.Number(1));
    }

    private void StoreAll()
    {
        try
        {
            _options.BeforeCommit();
            _commit.Execute();
            InDoubt = false;
        }
        catch (SqliteException e) when (e.SqliteErrorCode is raw.SQLITE_IOERR or raw.SQLITE_NOMEM)
        {
            // The log may hold the whole transaction, written but not synced: a host killed now would find it there, and take it as stored.
            // A full disk is not such a case: there the last page, which makes a transaction valid, is missing.
            InDoubt = true;
            throw new ItemServiceException(ItemServiceFault.OutcomeUnknown, $"{_options.Name} could not be synced: {e.Message}", e);
        }
    }

    private CollectionRow FindAdopted(CollectionKey key)
    {
        var row = _collections.Find(key);
        if (!_collections.IsChanged(key)) return row;

        if (row.Id == 0) Create(key, row);
        _forgetAll.Execute(row.Id);
        row.Epoch = Epoch.New();
        row.EpochStart = row.HistoryStart = ++row.Revision;
        row.Items = _count.Number(key.App, key.Collection);
        row.Removals = 0;
        Save(row);
        _adopted.Execute(key.App, key.Collection);
        _context.Logger.CollectionChanged(key.App, key.Collection, _options.Table);
        return row;
    }

    /// <summary>Whether a collection has no items, is at this position, and was not changed by another program.</summary>
    private bool Stands(CollectionKey key, Position at, out long id)
    {
        var row = _collections.Find(key);
        id = row.Id;
        return row.Items == 0 && row.Position == at && !_collections.IsChanged(key);
    }

    private CommitStatus Apply(ItemUpdate update, CollectionRow row, string time)
    {
        if (update.Expected is { } expected && expected != row.Position) return CommitStatus.Conflict;

        var (app, chnl) = update.Key;
        var revision = row.Revision + 1;
        var effective = update.Insert.Count > 0;
        if (effective && row.Id == 0) Create(update.Key, row);

        if (update.Reset)
        {
            effective |= _deleteAll.Execute(app, chnl) > 0;
            if (!effective) return CommitStatus.Unchanged;
            if (row.Removals > 0) _forgetAll.Execute(row.Id);
            row.Items = row.Removals = 0;
            row.HistoryStart = revision;
        }

        for (var i = 0; i < update.Remove.Count; i++)
        {
            var id = update.Remove[i];
            if (_delete.Execute(app, chnl, id) == 0) continue;
            effective = true;
            row.Items--;
            row.Removals += _remember.Execute(row.Id, id, revision);
        }

        var ctime = $"{time}{revision}";
        for (var i = 0; i < update.Insert.Count; i++)
        {
            var id = update.Insert[i].Id;
            var json = update.Insert[i].Json;
            if (row.Items > 0 && _update.Execute(ctime, json, app, chnl, id) > 0) continue;
            _insert.Execute(ctime, json, app, chnl, id);
            row.Items++;
            if (row.Removals > 0) row.Removals -= _forget.Execute(row.Id, id);
        }

        if (!effective) return CommitStatus.Unchanged;
        row.Revision = revision;
        return CommitStatus.Committed;
    }

    /// <summary>
    /// Keeps the remembered removals within their bound. A quarter of it goes at once, so that finding the oldest, which takes a look at
    /// all, is paid by many removals.
    /// </summary>
    private void ForgetOldest(CollectionRow row)
    {
        var bound = Math.Max(_options.RemovalsKept, row.Items);
        if (row.Removals <= bound) return;
        row.HistoryStart = _nthRemoval.Number(row.Id, bound - (bound / 4));
        row.Removals -= _forgetUntil.Execute(row.Id, row.HistoryStart);
    }

    private void Create(CollectionKey key, CollectionRow row) => row.Id = _create.Number(key.App, key.Collection, row.Epoch);

    private void Save(CollectionRow row) =>
        _save.Execute(row.Id, row.Epoch, row.EpochStart, row.Revision, row.HistoryStart, row.Items, row.Removals);

    private Statement Prepare(string sql)
    {
        var statement = new Statement(Connection, sql);
        _statements.Add(statement);
        return statement;
    }
}
