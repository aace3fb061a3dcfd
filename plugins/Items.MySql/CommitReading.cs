using System.Text;
using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>Reads what was committed after some positions: first where the collections stand, then what those lack that are not there.</summary>
internal sealed class CommitReading(MySqlConnection connection, Tables tables, MySqlOptions options, long packetBytes, CancellationToken stop)
{
    /// <summary>Collections of a statement: each is looked up by the key.</summary>
    private const int CollectionsPerStatement = 200;

    /// <summary>Commits of a statement, and so of a collection at a time: what one statement may answer is bounded by their size.</summary>
    private const int CommitsPerStatement = 100;

    private readonly CommandText _text = new(packetBytes);
    private readonly Dictionary<CollectionKey, CollectionRow> _rows = [];
    private string _nowhere = "";
    private long _bytes;

    /// <summary>A commit that was read, and the collection's number; null if none was.</summary>
    public (long Collection, long Revision)? Last { get; private set; }

    public async Task<IReadOnlyList<IReadOnlyList<ItemCommit>?>> RunAsync(IReadOnlyList<CollectionPosition> since)
    {
        await LocateAsync(since);
        var answers = new IReadOnlyList<ItemCommit>?[since.Count];
        var wanted = new List<Wanted>();
        var commits = 0;
        for (var i = 0; i < answers.Length; i++)
        {
            var position = since[i].Position;
            if (!_rows.TryGetValue(since[i].Key, out var row))
            {
                // Nothing was ever written to it.
                answers[i] = position == new Position(_nowhere, 0) ? [] : null;
                continue;
            }
            if (position.Epoch != row.Epoch || position.Revision < row.EpochStart || position.Revision > row.Revision) continue;
            var found = new List<ItemCommit>();
            answers[i] = found;
            if (position.Revision == row.Revision) continue;

            // When the answer is large enough, each of the others still gets one: with none it would seem to be where it stands.
            var count = _bytes >= options.AnswerBytes ? 1 : (int)Math.Min(row.Revision - position.Revision, CommitsPerStatement);
            if (commits + count > CommitsPerStatement) await ReadAsync();
            wanted.Add(new(i, since[i], row.Id, count, found));
            commits += count;
        }
        await ReadAsync();
        return answers;

        async Task ReadAsync()
        {
            await this.ReadAsync(wanted);
            foreach (var one in wanted.Where(one => one.Found.Count == 0)) answers[one.Index] = null;
            wanted.Clear();
            commits = 0;
        }
    }

    private async Task LocateAsync(IReadOnlyList<CollectionPosition> since)
    {
        using (var command = new MySqlCommand($"SELECT epoch FROM {tables.Store}", connection)) _nowhere = (string)(await command.ExecuteScalarAsync(stop))!;
        foreach (var chunk in since.Chunk(CollectionsPerStatement))
        {
            _text.Add($"SELECT collection, epoch, epoch_start, revision, history_start, items, removals, app, chnl FROM {tables.Collections} WHERE FALSE");
            foreach (var (key, _) in chunk) _text.Add(" OR (app = ").Bytes(key.App).Add(" AND chnl = ").Bytes(key.Collection).Add(")");
            using var command = _text.Take(connection);
            await using var reader = await command.ExecuteReaderAsync(stop);
            while (await reader.ReadAsync(stop)) _rows.Add(new(Text(reader, 7), Text(reader, 8)), TransactionReading.Row(reader));
        }
    }

    private async Task ReadAsync(IReadOnlyList<Wanted> wanted)
    {
        if (wanted.Count == 0) return;
        var byCollection = wanted.ToDictionary(one => one.Collection);
        _text.Add($"SELECT collection, revision, data FROM {tables.Commits} WHERE FALSE");
        foreach (var one in wanted)
        {
            var revision = one.Since.Position.Revision;
            _text.Add(" OR (collection = ").Add(one.Collection).Add(" AND revision BETWEEN ").Add(revision + 1).Add(" AND ").Add(revision + one.Count).Add(")");
        }
        _text.Add(" ORDER BY collection, revision");
        using var command = _text.Take(connection);
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            var (one, revision) = (byCollection[reader.GetInt64(0)], reader.GetInt64(1));

            // What comes after one that is gone, or can't be told, is not told either.
            if (revision != one.Since.Position.Revision + one.Found.Count + 1 || reader.IsDBNull(2)) continue;
            var data = (byte[])reader.GetValue(2);
            if (StoredCommit.Read(one.Since.Key, data) is not { } update) continue;
            one.Found.Add(new ItemCommit(revision, update));
            _bytes += data.Length;
            Last = (one.Collection, revision);
        }
    }

    private static string Text(MySqlDataReader reader, int column) => Encoding.UTF8.GetString((byte[])reader.GetValue(column));

    /// <summary>What is to be read of a collection.</summary>
    private sealed record Wanted(int Index, CollectionPosition Since, long Collection, int Count, List<ItemCommit> Found);
}
