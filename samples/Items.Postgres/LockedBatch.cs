using Npgsql;
using SharedState;

namespace Items.Postgres;

/// <summary>A batch's collections, their rows locked until the transaction ends.</summary>
internal sealed class LockedBatch(string epoch, IReadOnlyDictionary<CollectionKey, Ledger> ledgers)
{
    // Makes the rows that are not there, then locks all: each in the order of the names, so that of two batches one waits for the other and
    // never each for the other. A row that is being made by another transaction is waited for by the first statement and seen by the
    // second.
    private const string Make =
        """
        INSERT INTO collections (app, name, revision, history_start)
        SELECT k.app, k.name, s.forgotten, s.forgotten FROM unnest($1::bytea[], $2::bytea[]) AS k (app, name) CROSS JOIN shared_state s
        WHERE NOT EXISTS (SELECT FROM collections c WHERE c.app = k.app AND c.name = k.name)
        ORDER BY k.app, k.name
        ON CONFLICT DO NOTHING
        """;

    private const string Lock =
        $"""
        SELECT k.n, c.id, c.revision, c.items, {Lineage.Row}
        FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS k (app, name, n)
        JOIN collections c ON c.app = k.app AND c.name = k.name
        ORDER BY c.app, c.name
        FOR UPDATE OF c
        """;

    // Not as a join with the items: without statistics the planner takes a collection for a few rows, and reads all of it for each of the
    // ids.
    private const string Find =
        """
        WITH k AS MATERIALIZED (
            SELECT k.n, c.id FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS k (app, name, n)
            JOIN collections c ON c.app = k.app AND c.name = k.name)
        SELECT m.n, m.id FROM unnest($3::integer[], $4::bytea[]) AS m (n, id) JOIN k ON k.n = m.n
        WHERE (SELECT true FROM items i WHERE i.collection = k.id AND i.id = m.id)
        """;

    /// <summary>The epoch of all positions.</summary>
    public string Epoch => epoch;

    /// <summary>The collections.</summary>
    public IEnumerable<Ledger> Ledgers => ledgers.Values;

    /// <summary>The collection that an update is for.</summary>
    public Ledger this[CollectionKey key] => ledgers[key];

    /// <summary>Locks what a batch is about to change, and finds which of the ids that it names are there.</summary>
    public static async Task<LockedBatch> LockAsync(NpgsqlConnection connection, IReadOnlyList<ItemUpdate> updates, CancellationToken stop)
    {
        var keys = updates.Select(u => u.Key).Distinct().ToArray();
        var named = Name(keys, updates);
        byte[][] apps = [.. keys.Select(k => Names.Encode(k.App))], names = [.. keys.Select(k => Names.Encode(k.Collection))];
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                Sql.Part(Make, apps, names),
                Sql.Part(Lock, apps, names),
                Sql.Part(Find, apps, names, named.Select(n => n.Collection + 1).ToArray(), named.Select(n => Names.Encode(n.Id)).ToArray()),
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(stop).ConfigureAwait(false);
        var ledgers = new Dictionary<CollectionKey, Ledger>(keys.Length);
        var epoch = "";
        while (await reader.ReadAsync(stop).ConfigureAwait(false))
        {
            ledgers.Add(keys[reader.GetInt64(0) - 1], new Ledger(reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3)));
            epoch = reader.IsDBNull(4) ? throw new HistoryReplacedException() : reader.GetString(4);
        }

        if (ledgers.Count < keys.Length)
        {
            throw new CollectionForgottenException();
        }

        await reader.NextResultAsync(stop).ConfigureAwait(false);
        while (await reader.ReadAsync(stop).ConfigureAwait(false))
        {
            ledgers[keys[reader.GetInt32(0) - 1]].Found(Names.Decode(reader.GetFieldValue<byte[]>(1)));
        }

        return new LockedBatch(epoch, ledgers);
    }

    private static HashSet<(int Collection, string Id)> Name(CollectionKey[] keys, IReadOnlyList<ItemUpdate> updates)
    {
        var numbers = keys.Select((key, n) => (key, n)).ToDictionary(k => k.key, k => k.n);
        var named = new HashSet<(int, string)>();
        foreach (var update in updates)
        {
            var n = numbers[update.Key];
            named.UnionWith(update.Remove.Select(id => (n, id)));
            named.UnionWith(update.Insert.Select(item => (n, item.Id)));
        }

        return named;
    }
}
