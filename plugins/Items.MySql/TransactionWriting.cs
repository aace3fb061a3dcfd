using System.Globalization;
using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>The second half of a commit: writes what the updates left of the collections.</summary>
internal sealed class TransactionWriting(
    MySqlConnection connection, Tables tables, MySqlOptions options, CommandText text, CancellationToken stop)
{
    /// <summary>What a row takes beside its values.</summary>
    private const int RowBytes = 100;

    public async Task RunAsync(IReadOnlyList<CollectionDraft> drafts)
    {
        foreach (var draft in drafts)
        {
            if (draft.Adopted && !draft.Cleared)
            {
                text.Add($"UPDATE {tables.Items} SET touched = NULL, revision = 0");
                OfCollection(draft).Add(" AND touched IS NOT NULL").End();
            }
            if (draft.Cleared)
            {
                text.Add($"DELETE FROM {tables.Items}");
                OfCollection(draft).End();
            }
            if (draft.ForgetsRemovals) text.Add($"DELETE FROM {tables.Removals} WHERE collection = ").Add(draft.Row!.Id).End();
            if (!draft.Cleared) await DeleteAsync(draft);
            await ReplaceAsync(draft);
            await ForgetAsync(draft);
            await RememberAsync(draft);
            await ForgetOldestAsync(draft);
            Save(draft.Row!);
            if (text.IsFullWith(0)) await SendAsync();
        }

        // Last: from here on other hosts wait for these numbers.
        await RecordAsync(drafts);
        await SendAsync();
    }

    private CommandText OfCollection(CollectionDraft draft) =>
        text.Add(" WHERE app = ").Value(draft.App).Add(" AND chnl = ").Value(draft.Collection);

    private Task DeleteAsync(CollectionDraft draft)
    {
        var ids = draft.Removed.Keys.Where(draft.IsStored).Select(id => StoredName.Of(id, StoredName.IdLimit));
        return RowsAsync(ids, CommandText.Size, Begin, id => text.Value(id), ")");

        void Begin()
        {
            text.Add($"DELETE FROM {tables.Items}");
            OfCollection(draft).Add(" AND id IN (");
        }
    }

    /// <remarks>REPLACE, which all servers know, as <c>ON DUPLICATE KEY UPDATE</c> has no form that both MariaDB and MySQL want.</remarks>
    private Task ReplaceAsync(CollectionDraft draft)
    {
        var names = CommandText.Size(draft.App) + CommandText.Size(draft.Collection) + RowBytes;
        return RowsAsync(
            draft.Inserted,
            item => names + CommandText.Size(item.Key) + CommandText.Size(item.Value.Json.Span),
            () => text.Add($"REPLACE INTO {tables.Items} (app, chnl, id, ctime, data, revision, touched) VALUES "),
            item => text.Add("(").Value(draft.App).Add(",").Value(draft.Collection).Add(",")
                .Value(StoredName.Of(item.Key, StoredName.IdLimit))
                .Add(",CURRENT_TIMESTAMP,").Value(item.Value.Json).Add(",").Add(item.Value.Revision).Add(",NULL)"),
            "");
    }

    private Task ForgetAsync(CollectionDraft draft)
    {
        // What was stored was not removed, and so is not remembered as such.
        if (draft.Row!.Removals == 0) return Task.CompletedTask;
        return RowsAsync(
            draft.Inserted.Keys.Where(id => !draft.IsStored(id)),
            CommandText.Size,
            () => text.Add($"DELETE FROM {tables.Removals} WHERE collection = ").Add(draft.Row.Id).Add(" AND id IN ("),
            id => text.Bytes(id),
            ")");
    }

    private Task RememberAsync(CollectionDraft draft) => RowsAsync(
        draft.Removed,
        removal => CommandText.Size(removal.Key) + RowBytes,
        () => text.Add($"REPLACE INTO {tables.Removals} (collection, id, revision) VALUES "),
        removal => text.Add("(").Add(draft.Row!.Id).Add(",").Bytes(removal.Key).Add(",").Add(removal.Value).Add(")"),
        "");

    /// <summary>
    /// Keeps the remembered removals within their bound. A quarter of it goes at once, so that finding the oldest, which takes a look at
    /// all, is paid by many removals.
    /// </summary>
    private async Task ForgetOldestAsync(CollectionDraft draft)
    {
        var row = draft.Row!;
        var bound = Math.Max(options.RemovalsKept, row.Items);
        if (row.Removals <= bound) return;
        row.Removals = await AskAsync($"SELECT COUNT(*) FROM {tables.Removals} WHERE collection = {row.Id}");
        if (row.Removals <= bound) return;
        var kept = bound - (bound / 4);
        row.HistoryStart = await AskAsync(
            $"SELECT revision FROM {tables.Removals} WHERE collection = {row.Id} ORDER BY revision DESC LIMIT 1 OFFSET {kept}");
        text.Add($"DELETE FROM {tables.Removals} WHERE collection = ").Add(row.Id).Add(" AND revision <= ").Add(row.HistoryStart).End();
        row.Removals = kept;
    }

    /// <summary>
    /// Notes the commits for other hosts. The numbers of the rows are known beforehand, so that the server gives them without a lock.
    /// </summary>
    private Task RecordAsync(IReadOnlyList<CollectionDraft> drafts)
    {
        return RowsAsync(
            Commits(),
            commit => SizeOf(commit.Data),
            () => text.Add($"INSERT INTO {tables.Commits} (collection, revision, data) VALUES "),
            commit =>
            {
                text.Add("(").Add(commit.Collection).Add(",").Add(commit.Revision).Add(",");
                (commit.Data is null ? text.Add("NULL") : text.Value(commit.Data.AsMemory())).Add(")");
            },
            "");

        IEnumerable<(long Collection, long Revision, byte[]? Data)> Commits()
        {
            foreach (var draft in drafts)
            {
                foreach (var (revision, update) in draft.Commits)
                {
                    var data = update is null ? null : StoredCommit.Write(update, options.CommitBytes);
                    yield return (draft.Row!.Id, revision, text.Fits(SizeOf(data)) ? data : null);
                }
            }
        }

        static long SizeOf(byte[]? data) => RowBytes + (data is null ? 0 : CommandText.Size(data));
    }

    private void Save(CollectionRow row) => text
        .Add($"UPDATE {tables.Collections} SET epoch = ").Value(row.Epoch).Add(", epoch_start = ")
        .Add(row.EpochStart).Add(", revision = ").Add(row.Revision)
        .Add(", history_start = ").Add(row.HistoryStart).Add(", items = ").Add(row.Items).Add(", removals = ").Add(row.Removals)
        .Add(" WHERE collection = ").Add(row.Id).End();

    /// <summary>Writes statements of many rows, each begun, filled and ended in the same way, and sends what gets too large.</summary>
    private async Task RowsAsync<T>(IEnumerable<T> rows, Func<T, long> size, Action begin, Action<T> add, string end)
    {
        var count = 0;
        foreach (var row in rows)
        {
            var bytes = size(row);
            if (!text.Fits(bytes)) throw Faults.TooLarge(options, bytes);
            if (count == CommandText.RowsPerStatement || (count > 0 && text.IsFullWith(bytes)))
            {
                text.Add(end).End();
                count = 0;
            }
            if (count == 0)
            {
                if (text.IsFullWith(bytes)) await SendAsync();
                begin();
            }
            else
            {
                text.Add(",");
            }
            add(row);
            count++;
        }
        if (count > 0) text.Add(end).End();
    }

    private async Task<long> AskAsync(string sql)
    {
        await SendAsync();
        using var command = new MySqlCommand(sql, connection);
        return Convert.ToInt64(await command.ExecuteScalarAsync(stop), CultureInfo.InvariantCulture);
    }

    private async Task SendAsync()
    {
        if (text.IsEmpty) return;
        using var command = text.Take(connection);
        await command.ExecuteNonQueryAsync(stop);
    }
}
