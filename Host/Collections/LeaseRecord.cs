using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using SharedState.Host.Storages;

namespace SharedState.Host.Collections;

/// <summary>
/// What storage knows of a lifetime: an item of the <see cref="OwnCollection"/>. There are three kinds. The lease of an item has an
/// <see cref="Item"/>, the life of a holder a <see cref="Holder"/>, and the heartbeat of a host neither of them.
/// </summary>
internal sealed record LeaseRecord
{
    private const byte End = (byte)'\n';

    /// <summary>The token of a life; the token of a lease, a dot and a number; or <c>@</c> and the name of a host.</summary>
    public required string Id { get; init; }

    /// <summary>The host that gave the lease, or has the holder's connections. A name that each start of a service makes up.</summary>
    public string? Host { get; init; }

    /// <summary>The name of a holder.</summary>
    public string? Holder { get; init; }

    /// <summary>For how many seconds a holder lives without a connection.</summary>
    public double Grace { get; init; }

    /// <summary>Counts how often the grace of a life was changed, so that a grace that is named again is another record.</summary>
    public long Named { get; init; }

    /// <summary>Whether the update that began a life is expected to be refused, so that it named no grace.</summary>
    public bool Unnamed { get; init; }

    public string? App { get; init; }

    public string? Collection { get; init; }

    /// <summary>The id of the item.</summary>
    public string? Item { get; init; }

    /// <summary>The lifetime of the item in seconds; 0 if the item ends with its holder.</summary>
    public double Ttl { get; init; }

    /// <summary>When the item is due, in seconds since 1970. Counts for hosts that were not running when the lease was given.</summary>
    public double Due { get; init; }

    /// <summary>Whether a host is about to shorten the time, and has not decided.</summary>
    public bool Open { get; init; }

    /// <summary>Whether the lifetime has ended, so that nobody can renew it, and the items are to be removed.</summary>
    public bool Ended { get; init; }

    /// <summary>Counts the heartbeats of a host.</summary>
    public long Beat { get; init; }

    /// <summary>The number in the white space behind the items.</summary>
    [JsonIgnore]
    public ulong Token => ulong.TryParse(Id.AsSpan(0, Math.Min(16, Id.Length)), NumberStyles.HexNumber, null, out var token) ? token : 0;

    [JsonIgnore]
    public bool IsBeat => Id.StartsWith('@');

    [JsonIgnore]
    public CollectionKey Key => new(App ?? "", Collection ?? "");

    /// <summary>The id of a life.</summary>
    public static string LifeId(ulong token) => token.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>The id of a lease.</summary>
    public static string LeaseId(ulong token, long number) => string.Create(CultureInfo.InvariantCulture, $"{token:x16}.{number}");

    /// <summary>The id of a heartbeat.</summary>
    public static string BeatId(string host) => $"@{host}";

    /// <summary>The record as an item. A line feed stands behind the JSON: a storage that trims items loses it.</summary>
    public Item ToItem() => new(Id, (byte[])[.. JsonSerializer.SerializeToUtf8Bytes(this, LeaseJson.Default.LeaseRecord), End]);

    /// <summary>Whether the white space behind a record is there.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> json) => json[^1] == End;

    /// <summary>The record of an item; null if it is none.</summary>
    public static LeaseRecord? Read(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, LeaseJson.Default.LeaseRecord) is { } record
                && (record.IsBeat || (record.Holder ?? record.Item) is not null) && (record.Holder is null || record.Host is not null)
                ? record : null;
        }
        catch (JsonException)
        {
            return null; // another program wrote it
        }
    }
}

/// <summary>The JSON of records.</summary>
[JsonSerializable(typeof(LeaseRecord))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
internal sealed partial class LeaseJson : JsonSerializerContext;
