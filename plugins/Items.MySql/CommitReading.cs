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
        // :: 1. Where the collections stand tells what is lacking.
        await LocateAsync(since);
        var answers = new IReadOnlyList<ItemCommit>?[since.Count];
        var behind = new List<Behind>();
        for (var i = 0; i < answers.Length; i++)
        {
            var position = since[i].Position;
            if (!_rows.TryGetValue(since[i].Key, out var row))
            {
                // Nothing was ever written to it.
                if (position == new Position(_nowhere, 0)) answers[i] = [];
                continue;
            }
            if (position.Epoch != row.Epoch || position.Revision < row.EpochStart || position.Revision > row.Revision) continue;
            answers[i] = [];
            if (position.Revision < row.Revision) behind.Add(new(i, since[i], row.Id, row.Revision - position.Revision));
        }

        // :: 2. Some of it for each; when the answer is large enough, one commit: with none a collection would seem to be where it stands.
        await ReadAsync(behind);

        // :: 3. The rest, while there is room.
        while (_bytes < options.AnswerBytes && behind.Exists(one => one.HasMore)) await ReadAsync(behind.Where(one => one.HasMore));

        // :: 4. What can't be told to the end is not begun.
        await CheckAsync(behind.Where(one => one.HasMore));
        foreach (var one in behind) answers[one.Index] = one.IsBroken ? null : one.Found;
        return answers;
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
            while (await reader.ReadAsync(stop)) _rows.Add(new(CommandText.Text(reader, 7), CommandText.Text(reader, 8)), TransactionReading.Row(reader));
        }
    }

    private async Task ReadAsync(IEnumerable<Behind> behind)
    {
        var (part, commits) = (new Dictionary<long, Behind>(), 0);
        foreach (var one in behind)
        {
            var count = (int)Math.Min(one.Lacking - one.Found.Count, CommitsPerStatement);
            if (commits + count > CommitsPerStatement) await SendAsync();
            if (_bytes >= options.AnswerBytes) count = one.Found.Count == 0 ? 1 : 0;
            if (count == 0) continue;
            _text.Add(part.Count == 0 ? $"SELECT collection, revision, data FROM {tables.Commits} WHERE " : " OR ");
            Range(one, one.Found.Count + 1, one.Asked = one.Found.Count + count);
            part.Add(one.Collection, one);
            commits += count;
        }
        await SendAsync();

        async Task SendAsync()
        {
            if (part.Count == 0) return;
            _text.Add(" ORDER BY collection, revision");
            using var command = _text.Take(connection);
            await using var reader = await command.ExecuteReaderAsync(stop);
            while (await reader.ReadAsync(stop)) Found(reader, part[reader.GetInt64(0)]);
            part.Clear();
            commits = 0;
        }
    }

    private void Found(MySqlDataReader reader, Behind one)
    {
        // What comes after one that is gone, or can't be told, is left out.
        var revision = reader.GetInt64(1);
        if (revision != one.Since.Position.Revision + one.Found.Count + 1 || reader.IsDBNull(2)) return;
        var data = (byte[])reader.GetValue(2);
        if (StoredCommit.Read(one.Since.Key, data) is not { } update) return;
        one.Found.Add(new ItemCommit(revision, update));
        _bytes += data.Length;
        Last = (one.Collection, revision);
    }

    /// <summary>Looks whether what was left out can be told when it is asked for.</summary>
    private async Task CheckAsync(IEnumerable<Behind> behind)
    {
        foreach (var chunk in behind.Chunk(CollectionsPerStatement))
        {
            var left = chunk.ToDictionary(one => one.Collection);
            foreach (var one in chunk)
            {
                _text.Add(one == chunk[0] ? $"SELECT collection, COUNT(data) FROM {tables.Commits} WHERE " : " OR ");
                Range(one, one.Found.Count + 1, one.Asked = one.Lacking);
            }
            _text.Add(" GROUP BY collection");
            using var command = _text.Take(connection);
            await using var reader = await command.ExecuteReaderAsync(stop);
            while (await reader.ReadAsync(stop))
            {
                var one = left[reader.GetInt64(0)];
                one.Asked -= reader.GetInt64(1);
            }
        }
    }

    /// <summary>The commits of a collection from the first to the last of those that it lacks, counted from 1.</summary>
    private void Range(Behind one, long first, long last)
    {
        var revision = one.Since.Position.Revision;
        _text.Add("(collection = ").Add(one.Collection).Add(" AND revision BETWEEN ").Add(revision + first).Add(" AND ").Add(revision + last).Add(")");
    }

    /// <summary>A collection of which something is to be read.</summary>
    /// <param name="index">Its place in the answer.</param>
    /// <param name="since">Where the host has it.</param>
    /// <param name="collection">Its number.</param>
    /// <param name="lacking">How many commits the host lacks.</param>
    private sealed class Behind(int index, CollectionPosition since, long collection, long lacking)
    {
        public int Index => index;

        public CollectionPosition Since => since;

        public long Collection => collection;

        public long Lacking => lacking;

        public List<ItemCommit> Found { get; } = [];

        /// <summary>How many should have been found so far.</summary>
        public long Asked { get; set; }

        public bool IsBroken => Found.Count < Asked;

        public bool HasMore => !IsBroken && Found.Count < lacking;
    }
}
