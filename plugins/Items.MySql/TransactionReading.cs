using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>The first half of a commit: locks the collections and reads what the updates need to know of them.</summary>
internal sealed class TransactionReading(MySqlConnection connection, Tables tables, CommandText text, CancellationToken stop)
{
    /// <summary>How to read each result of the statements that are collected, in their order.</summary>
    private readonly Queue<Func<MySqlDataReader, Task>> _results = [];

    public async Task RunAsync(IReadOnlyCollection<CollectionDraft> drafts)
    {
        foreach (var draft in drafts) await AskAsync(draft);
        await SendAsync();

        // A row that is not there can't be locked. One transaction that makes it waits for another that makes it at the same time. VALUES
        // and not SELECT, for which the server would lock the whole table's next number. The store's row is locked, so that no new epoch
        // begins beside it.
        CollectionDraft[] missing = [.. drafts.Where(draft => draft.Row is null)];
        foreach (var draft in missing)
        {
            text.Add(
                    $"INSERT IGNORE INTO {tables.Collections} (app, chnl, epoch, epoch_start, revision, history_start, items, removals) "
                        + "VALUES (")
                .Bytes(draft.Key.App)
                .Add(", ")
                .Bytes(draft.Key.Collection)
                .Add($", (SELECT epoch FROM {tables.Store} LOCK IN SHARE MODE), 0, 0, 0, 0, 0)")
                .End();
            draft.Restart();
            draft.MustCount = true;
            await AskAsync(draft);
        }
        await SendAsync();

        CollectionDraft[] suspect = [.. drafts.Where(draft => draft is { TouchSeen: true, Counted: null })];
        foreach (var draft in suspect) await CountAsync(draft);
        await SendAsync();
    }

    private async Task AskAsync(CollectionDraft draft)
    {
        await ExpectAsync(256, reader => RowAsync(reader, draft));
        text.Add($"SELECT collection, epoch, epoch_start, revision, history_start, items, removals FROM {tables.Collections} WHERE app = ")
            .Bytes(draft.Key.App)
            .Add(" AND chnl = ").Bytes(draft.Key.Collection).Add(" FOR UPDATE").End();
        if (draft.MustCount) await CountAsync(draft);
        foreach (var ids in draft.Named.Select(id => StoredName.Of(id, StoredName.IdLimit)).Chunk(CommandText.RowsPerStatement))
        {
            await ExpectAsync(ids.Sum(CommandText.Size), reader => FoundAsync(reader, draft));
            text.Add($"SELECT id, touched IS NOT NULL FROM {tables.Items} WHERE app = ").Value(draft.App)
                .Add(" AND chnl = ").Value(draft.Collection).Add(" AND id IN (");
            for (var i = 0; i < ids.Length; i++) text.Add(i == 0 ? "" : ",").Value(ids[i]);
            text.Add(")").End();
        }
    }

    private async Task CountAsync(CollectionDraft draft)
    {
        await ExpectAsync(256, async reader =>
        {
            await reader.ReadAsync(stop);
            draft.Counted = (reader.GetInt64(0), reader.GetInt64(1));
        });
        text.Add($"SELECT COUNT(*), COUNT(touched) FROM {tables.Items} WHERE app = ")
            .Value(draft.App)
            .Add(" AND chnl = ")
            .Value(draft.Collection)
            .End();
    }

    private async Task ExpectAsync(long bytes, Func<MySqlDataReader, Task> result)
    {
        if (text.IsFullWith(bytes)) await SendAsync();
        _results.Enqueue(result);
    }

    private async Task SendAsync()
    {
        if (text.IsEmpty) return;
        using var command = text.Take(connection);
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (_results.TryDequeue(out var result))
        {
            await Results.ToColumnsAsync(reader, stop);
            await result(reader);
            await reader.NextResultAsync(stop);
        }
    }

    private async Task RowAsync(MySqlDataReader reader, CollectionDraft draft)
    {
        if (!await reader.ReadAsync(stop)) return;
        draft.Row = Row(reader);
    }

    private async Task FoundAsync(MySqlDataReader reader, CollectionDraft draft)
    {
        while (await reader.ReadAsync(stop)) draft.Found(reader.GetString(0), reader.GetInt64(1) != 0);
    }

    /// <summary>A row with the columns <c>collection, epoch, epoch_start, revision, history_start, items, removals</c>.</summary>
    public static CollectionRow Row(MySqlDataReader reader) => new()
    {
        Id = reader.GetInt64(0),
        Epoch = reader.GetString(1),
        EpochStart = reader.GetInt64(2),
        Revision = reader.GetInt64(3),
        HistoryStart = reader.GetInt64(4),
        Items = reader.GetInt64(5),
        Removals = reader.GetInt64(6),
    };
}
