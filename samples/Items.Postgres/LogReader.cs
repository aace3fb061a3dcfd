using Npgsql;
using SharedState;

namespace Items.Postgres;

/// <summary>Reads what was committed since the positions that a host has.</summary>
internal sealed class LogReader(Database database)
{
    private const int MaxCommits = 500;
    private const int MaxBytes = 32 << 20;

    // The first commit after a position always, and what follows it up to some size. One statement, and so one state of the database.
    private const string Commits =
        $"""
        SELECT k.n, s.epoch, coalesce(c.revision, (SELECT forgotten FROM shared_state)), l.revision, l.body
        FROM unnest($1::bytea[], $2::bytea[], $3::bigint[]) WITH ORDINALITY AS k (app, name, revision, n)
        CROSS JOIN {Lineage.Row} s
        LEFT JOIN collections c ON c.app = k.app AND c.name = k.name
        LEFT JOIN LATERAL (
            SELECT revision, body FROM (
                SELECT revision, body, sum(octet_length(body)) OVER (ORDER BY revision) - octet_length(body) AS before
                FROM commits WHERE collection = c.id AND revision > k.revision AND revision <= k.revision + $4) sized
            WHERE before < $5) l ON true
        ORDER BY k.n, l.revision
        """;

    /// <summary>For each position the commits after it, or null where they can't be told.</summary>
    public Task<IReadOnlyList<ItemCommit>?[]> ReadAsync(IReadOnlyList<CollectionPosition> since, CancellationToken stop) =>
        database.RunAsync((connection, s) => ReadAsync(connection, since, s), stop);

    private static async Task<IReadOnlyList<ItemCommit>?[]> ReadAsync(
        NpgsqlConnection connection, IReadOnlyList<CollectionPosition> since, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(Commits, connection)
        {
            Parameters =
            {
                new() { Value = since.Select(p => Names.Encode(p.Key.App)).ToArray() },
                new() { Value = since.Select(p => Names.Encode(p.Key.Collection)).ToArray() },
                new() { Value = since.Select(p => p.Position.Revision).ToArray() },
                new() { Value = (long)MaxCommits },
                new() { Value = (long)Math.Max(MaxBytes / since.Count, 64 << 10) },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(stop).ConfigureAwait(false);
        var found = new List<ItemCommit>?[since.Count];
        var isAnswered = false;
        while (await reader.ReadAsync(stop).ConfigureAwait(false))
        {
            isAnswered = true;
            var n = (int)reader.GetInt64(0) - 1;
            var (key, position) = since[n];
            found[n] ??= [];
            var current = reader.GetInt64(2);
            if (reader.GetString(1) != position.Epoch || position.Revision > current)
            {
                found[n] = null;
            }
            else if (reader.IsDBNull(3))
            {
                found[n] = position.Revision == current ? [] : null;
            }
            // Where one is missing, it was too large for the log or is already forgotten: what follows it is of no use.
            else if (reader.GetInt64(3) == position.Revision + found[n]!.Count + 1)
            {
                found[n]!.Add(new ItemCommit(reader.GetInt64(3), Codec.Decode(key, reader.GetFieldValue<byte[]>(4))));
            }
            else if (found[n]!.Count == 0)
            {
                found[n] = null;
            }
        }

        return isAnswered ? found : throw new HistoryReplacedException();
    }
}
