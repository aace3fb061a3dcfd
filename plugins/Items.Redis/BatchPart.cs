using System.Globalization;
using System.Security.Cryptography;
using StackExchange.Redis;

namespace SharedState.Items.Redis;

/// <summary>Those updates of a batch that one script stores: all of them, or in a Cluster those of one bucket.</summary>
/// <param name="options">The bounds of what is kept.</param>
/// <param name="layout">The names of the keys.</param>
/// <param name="teller">The bucket that counts the messages of such parts; see <see cref="Layout.Tellers"/>.</param>
internal sealed class BatchPart(RedisOptions options, Layout layout, Bucket teller)
{
    /// <summary>Redis takes at most 1,048,576 words in a command.</summary>
    private const int MostWords = 1_000_000;

    private readonly List<(ItemUpdate Update, int Collection)> _updates = [];
    private readonly List<CollectionKeys> _collections = [];
    private readonly List<Bucket> _buckets = [];
    private readonly List<int> _bucketOf = []; // for each collection, its place in _buckets
    private readonly Dictionary<CollectionKey, int> _collectionOf = [];

    /// <summary>
    /// The second part of the changes' ids: by it a follower tells whether the revision that it knows is the one of this history.
    /// </summary>
    private readonly long _mark = RandomNumberGenerator.GetInt32(int.MaxValue);
    private int _words;

    /// <summary>The places of the updates in the batch.</summary>
    public List<int> Places { get; } = [];

    public IReadOnlyList<Bucket> Buckets => _buckets;

    /// <summary>The bucket that counts the messages of this part.</summary>
    public Bucket Teller => teller;

    /// <summary>Where the outcome is remembered.</summary>
    public RedisKey Outcomes => _buckets[0].Outcomes;

    public void Add(ItemUpdate update, int place)
    {
        if (!_collectionOf.TryGetValue(update.Key, out var collection))
        {
            var keys = layout.Of(update.Key);
            _collectionOf.Add(update.Key, collection = _collections.Count);
            _collections.Add(keys);
            if (!_buckets.Contains(keys.Bucket)) _buckets.Add(keys.Bucket);
            _bucketOf.Add(_buckets.IndexOf(keys.Bucket));
            _words += 8;
        }
        _updates.Add((update, collection));
        Places.Add(place);
        _words += 5 + update.Remove.Count + (2 * update.Insert.Count);
    }

    public RedisKey[] Keys()
    {
        var keys = new List<RedisKey>(2 + (3 * _buckets.Count) + (4 * _collections.Count)) { Outcomes, teller.Mark };
        foreach (var bucket in _buckets) keys.AddRange([bucket.Mark, bucket.Index, bucket.Emptied]);
        foreach (var collection in _collections)
            keys.AddRange([collection.Meta, collection.Items, collection.Removals, collection.Changes]);
        return [.. keys];
    }

    /// <summary>What the script is told, in the order that it says.</summary>
    /// <param name="host">The name of this host.</param>
    /// <param name="number">The commit's number.</param>
    /// <param name="seen">What was seen of each bucket.</param>
    /// <param name="told">What was seen of the teller.</param>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.TooLarge"/>.</exception>
    public RedisValue[] Values(string host, long number, IReadOnlyList<Sight> seen, Sight told)
    {
        if (_words > MostWords)
            throw new ItemServiceException(ItemServiceFault.TooLarge, $"{options.Name}: {_words} words are more than a command can hold");
        var values = new List<RedisValue>(_words + 16)
        {
            host, number, _mark, layout.Channel, teller.Number,
            options.RemovalsKept, options.ChangesKept, options.ChangesBytes, options.ChangeFields, options.ChangeBytes,
            (long)options.EmptiedTime.TotalSeconds, told.Epoch, told.Told, _buckets.Count,
        };
        foreach (var sight in seen) values.AddRange([sight.Epoch, sight.Commits]);
        values.Add(_collections.Count);
        for (var i = 0; i < _collections.Count; i++) values.AddRange([1 + _bucketOf[i], _collections[i].Name]);
        values.Add(_updates.Count);
        foreach (var (update, collection) in _updates)
        {
            values.AddRange([1 + collection, Expected(update, collection, seen), update.Reset ? 1 : 0,
                update.Remove.Count, update.Insert.Count]);
            for (var i = 0; i < update.Remove.Count; i++) values.Add(update.Remove[i]);
            for (var i = 0; i < update.Insert.Count; i++)
            {
                values.Add(update.Insert[i].Id);
                values.Add(update.Insert[i].Json);
            }
        }
        return [.. values];
    }

    /// <summary>Reads what the script answered.</summary>
    /// <param name="statuses">A letter for each update.</param>
    /// <param name="revisions">Where the collections stood before.</param>
    /// <param name="seen">What was seen of each bucket.</param>
    /// <param name="results">Gets the results, at the updates' places in the batch.</param>
    public void Read(string statuses, string revisions, IReadOnlyList<Sight> seen, CommitResult[] results)
    {
        long[] reached = [.. revisions.Split(',').Select(text => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture))];
        for (var i = 0; i < _updates.Count; i++)
        {
            var collection = _updates[i].Collection;
            var status = statuses[i] switch { 'c' => CommitStatus.Committed, 'u' => CommitStatus.Unchanged, _ => CommitStatus.Conflict };
            if (status == CommitStatus.Committed) reached[collection]++;
            results[Places[i]] = new CommitResult(status, new Position(EpochOf(collection, seen), reached[collection]));
        }
    }

    private RedisValue Expected(ItemUpdate update, int collection, IReadOnlyList<Sight> seen) => update.Expected switch
    {
        null => "",
        { } position => position.Epoch == EpochOf(collection, seen) ? position.Revision : -1,
    };

    private string EpochOf(int collection, IReadOnlyList<Sight> seen) => seen[_bucketOf[collection]].Epoch;
}
