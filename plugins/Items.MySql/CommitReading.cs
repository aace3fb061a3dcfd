using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>
/// Reads what was committed after some positions: first where the collections stand, then what those lack that are not there.
/// </summary>
internal sealed class CommitReading(
    MySqlConnection connection, Tables tables, MySqlOptions options, long packetBytes, CancellationToken stop)
{
    /// <summary>Collections of a statement: each is looked up by the key.</summary>
    private const int CollectionsPerStatement = 200;

    /// <summary>Commits of a statement, and so of a collection at a time: what one statement may answer is bounded by their size.</summary>
    private const int CommitsPerStatement = 100;

    private readonly CommandText _text = new(packetBytes);
    private readonly Dictionary<CollectionKey, CollectionRow> _rows = [];
    private string _nowhere = "";
    private long _bytes;

    /// <summary>The youngest commit that was read; null if none was.</summary>
    public Landmark? Last { get; private set; }

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
                // It has no history.
                if (position == new Position(_nowhere, 0)) answers[i] = [];
                continue;
            }
            if (position.Epoch != row.Epoch || position.Revision < row.EpochStart || position.Revision > row.Revision) continue;
            answers[i] = [];
            if (position.Revision < row.Revision) behind.Add(new(i, row.Id, row.Revision, new CommitChain(since[i])));
        }

        // :: 2. Some of it for each; when the answer is large enough, one commit: with none a collection would seem to be where it stands.
        await ReadAsync(behind);

        // :: 3. The rest, while there is room.
        while (_bytes < options.AnswerBytes && behind.Exists(one => one.HasMore)) await ReadAsync(behind.Where(one => one.HasMore));

        // :: 4. What can't be told to the end is not begun.
        await CheckAsync(behind.Where(one => one.HasMore));
        foreach (var one in behind) answers[one.Index] = one.Chain.Answer;
        return answers;
    }

    private async Task LocateAsync(IReadOnlyList<CollectionPosition> since)
    {
        using (var command = new MySqlCommand($"SELECT epoch FROM {tables.Store}", connection))
            _nowhere = (string)(await command.ExecuteScalarAsync(stop))!;
        foreach (var chunk in since.Chunk(CollectionsPerStatement))
        {
            _text.Add(
                $"SELECT collection, epoch, epoch_start, revision, history_start, items, removals, app, chnl FROM {tables.Collections} "
                    + "WHERE FALSE");
            foreach (var (key, _) in chunk) _text.Add(" OR (app = ").Bytes(key.App).Add(" AND chnl = ").Bytes(key.Collection).Add(")");
            using var command = _text.Take(connection);
            await using var reader = await command.ExecuteReaderAsync(stop);
            while (await reader.ReadAsync(stop))
                _rows.Add(new(CommandText.Text(reader, 7), CommandText.Text(reader, 8)), TransactionReading.Row(reader));
        }
    }

    private async Task ReadAsync(IEnumerable<Behind> behind)
    {
        var (part, commits) = (new Dictionary<long, Behind>(), 0);
        foreach (var one in behind)
        {
            var count = (int)Math.Min(one.Target - one.Chain.Last, CommitsPerStatement);
            if (commits + count > CommitsPerStatement) await SendAsync();
            if (_bytes >= options.AnswerBytes) count = one.Chain.IsEmpty ? 1 : 0;
            if (count == 0) continue;
            _text.Add(part.Count == 0 ? $"SELECT collection, revision, data, {Landmark.AgeColumn} FROM {tables.Commits} WHERE " : " OR ");
            Range(one, one.Asked = one.Chain.Last + count);
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
            foreach (var one in part.Values) one.Chain.Require(one.Asked);
            part.Clear();
            commits = 0;
        }
    }

    private void Found(MySqlDataReader reader, Behind one)
    {
        if (reader.IsDBNull(2)) return;
        var (revision, data) = (reader.GetInt64(1), (byte[])reader.GetValue(2));
        if (StoredCommit.Read(one.Chain.Since.Key, data) is not { } update || !one.Chain.TryAdd(new ItemCommit(revision, update))) return;
        _bytes += data.Length;
        var age = TimeSpan.FromMicroseconds(reader.GetInt64(3));
        if (Last is null || age <= Last.Age) Last = new(one.Collection, one.Chain.Since.Position.Epoch, revision, age, _nowhere);
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
                Range(one, one.Target);
            }
            _text.Add(" GROUP BY collection");
            using var command = _text.Take(connection);
            await using var reader = await command.ExecuteReaderAsync(stop);
            while (await reader.ReadAsync(stop))
            {
                // All of those that are left are there and can be told: this chain can be continued.
                var one = left[reader.GetInt64(0)];
                if (reader.GetInt64(1) == one.Target - one.Chain.Last) left.Remove(one.Collection);
            }
            foreach (var one in left.Values) one.Chain.Break();
        }
    }

    /// <summary>The commits of a collection after those that were read, up to a revision.</summary>
    private void Range(Behind one, long last) => _text
        .Add("(collection = ").Add(one.Collection).Add(" AND revision BETWEEN ").Add(one.Chain.Last + 1).Add(" AND ").Add(last).Add(")");

    /// <summary>A collection of which something is to be read.</summary>
    /// <param name="index">Its place in the answer.</param>
    /// <param name="collection">Its number.</param>
    /// <param name="target">Where it stands.</param>
    /// <param name="chain">What was read.</param>
    private sealed class Behind(int index, long collection, long target, CommitChain chain)
    {
        public int Index => index;

        public long Collection => collection;

        public long Target => target;

        public CommitChain Chain => chain;

        /// <summary>The revision up to which commits were asked for last.</summary>
        public long Asked { get; set; }

        public bool HasMore => !chain.IsBroken && chain.Last < target;
    }
}
