using System.Globalization;
using System.Text;
using StackExchange.Redis;

namespace SharedState.Items.Redis;

/// <summary>
/// The names of the keys. Collections are spread over buckets by a hash of their names; all keys of a bucket bear its number as a hash tag,
/// so that a Cluster keeps them on one slot: <c>{items:17}:items:app/notes</c>.
/// </summary>
internal sealed class Layout
{
    /// <summary>How many buckets there are. Part of the layout: another number would look for collections where they are not.</summary>
    public const int Buckets = 64;

    private readonly string _prefix;

    public Layout(string prefix, int database = 0)
    {
        _prefix = prefix;
        Channel = string.Create(CultureInfo.InvariantCulture, $"{prefix}:commits:{database}");
        All =
        [
            .. Enumerable.Range(0, Buckets).Select(number => new Bucket(
                number, Key(number, "mark"), Key(number, "collections"), Key(number, "emptied"), Key(number, "outcomes"))),
        ];
    }

    public IReadOnlyList<Bucket> All { get; }

    /// <summary>All keys, as rules of access name them.</summary>
    public string Keys => $"{{{_prefix}:*";

    /// <summary>The marks of all buckets, for a message.</summary>
    public string Marks => $"{{{_prefix}:*}}:mark";

    /// <summary>Where commits are told of. Channels know nothing of databases, so that its name bears the number.</summary>
    public string Channel { get; }

    /// <summary>
    /// The buckets that count the messages of commits: in a Cluster each counts those of its own collections, since a script sees no other;
    /// else the first one counts all.
    /// </summary>
    public IReadOnlyList<Bucket> Tellers(bool cluster) => cluster ? All : [All[0]];

    public CollectionKeys Of(CollectionKey key)
    {
        var name = $"{Escaped(key.App)}/{Escaped(key.Collection)}";
        var number = BucketOf(name);
        return new CollectionKeys(
            All[number], name, Key(number, "meta", name), Key(number, "items", name),
            Key(number, "removals", name), Key(number, "changes", name));
    }

    /// <summary>The meta of a collection, by the name that an index of its bucket has.</summary>
    public static RedisKey Meta(Bucket bucket, string name) => $"{((string)bucket.Mark!)[..^"mark".Length]}meta:{name}";

    /// <summary>What the names of an app's collections begin with.</summary>
    public static string Start(string app) => $"{Escaped(app)}/";

    /// <summary>The collection of a name in a bucket's index; null if another program wrote it there.</summary>
    public static CollectionKey? Parse(string name) =>
        name.Split('/') is [{ Length: > 0 } app, { Length: > 0 } collection] ? new CollectionKey(Plain(app), Plain(collection)) : null;

    private RedisKey Key(int bucket, string kind, string? name = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{{{_prefix}:{bucket}}}:{kind}{(name is null ? "" : ":")}{name}");

    private static string Escaped(string text) =>
        text.Replace("%", "%25", StringComparison.Ordinal).Replace("/", "%2F", StringComparison.Ordinal);

    private static string Plain(string text) =>
        text.Replace("%2F", "/", StringComparison.Ordinal).Replace("%25", "%", StringComparison.Ordinal);

    /// <summary>FNV-1a, which needs no more than this to be the same everywhere and for ever.</summary>
    private static int BucketOf(string name)
    {
        var hash = 2_166_136_261u;
        foreach (var part in Encoding.UTF8.GetBytes(name)) hash = (hash ^ part) * 16_777_619;
        return (int)((hash ^ (hash >> 16)) % Buckets);
    }
}

/// <summary>The keys of one collection.</summary>
/// <param name="Bucket">Where it is.</param>
/// <param name="Name">Its name in the bucket's index.</param>
/// <param name="Meta">A hash: its revision, its history's start, and the bytes of changes that were ever written and trimmed.</param>
/// <param name="Items">A hash of the items by id: the revision, a blank, the JSON.</param>
/// <param name="Removals">A sorted set of the ids removed, by revision.</param>
/// <param name="Changes">A stream: an entry for each revision, which is its id's first part.</param>
internal sealed record CollectionKeys(Bucket Bucket, string Name, RedisKey Meta, RedisKey Items, RedisKey Removals, RedisKey Changes);
