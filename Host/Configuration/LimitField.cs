using System.Globalization;
using System.Text.Json;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Configuration;

/// <summary>A field of <c>service.limits</c>: its name with the unit, its range, and its property of <see cref="Limits"/>.</summary>
internal sealed record LimitField(
    string Name, double Minimum, double Maximum, Func<Limits, double?> Read, Func<Limits, double?, Limits> Write)
{
    /// <summary>Whether null is allowed, which means no limit.</summary>
    public bool Optional { get; private init; }

    private bool Fractional { get; init; }

    // A day: longer times have no known use, and every timer can count a day.
    private const double MaximumSeconds = 86_400;

    public static IReadOnlyList<LimitField> All { get; } =
    [
        Number("message_bytes", 1_024, 1 << 30, l => l.MessageBytes, (l, v) => l with { MessageBytes = (int)v }),
        Number("message_fragments", 1, int.MaxValue, l => l.MessageFragments, (l, v) => l with { MessageFragments = (int)v }),
        Seconds("message_seconds", l => l.MessageTime, (l, v) => l with { MessageTime = v }),
        Number("upload_bytes_per_second", 1, 1 << 30, l => l.UploadBytesPerSecond, (l, v) => l with { UploadBytesPerSecond = (int)v }),
        Number("inflation_ratio", 1, 2_000, l => l.InflationRatio, (l, v) => l with { InflationRatio = (int)v }),
        Number("unfinished_bytes", 64 << 10, 1L << 40, l => l.UnfinishedBytes, (l, v) => l with { UnfinishedBytes = (long)v }),
        Number("envelope_depth", 8, 1_000, l => l.EnvelopeDepth, (l, v) => l with { EnvelopeDepth = (int)v }),
        Number("item_depth", 1, 1_000, l => l.ItemDepth, (l, v) => l with { ItemDepth = (int)v }),
        Number("tunnel_bytes", 64, 1 << 30, l => l.TunnelBytes, (l, v) => l with { TunnelBytes = (int)v }),
        Number("id_bytes", 1, 1_024, l => l.IdBytes, (l, v) => l with { IdBytes = (int)v }),
        Number("name_bytes", 1, 512, l => l.NameBytes, (l, v) => l with { NameBytes = (int)v }),
        Number("options_bytes", 16, 1 << 20, l => l.OptionsBytes, (l, v) => l with { OptionsBytes = (int)v }),
        Number("item_bytes", 16, 1 << 30, l => l.ItemBytes, (l, v) => l with { ItemBytes = (int)v }),
        Number("request_items", 1, int.MaxValue, l => l.RequestItems, (l, v) => l with { RequestItems = (int)v }),
        Number("collection_items", 1, int.MaxValue, l => l.CollectionItems, (l, v) => l with { CollectionItems = (int)v }),
        // A collection is sent as one text, which .NET bounds at 2 GiB with the commas between the items.
        Number("collection_bytes", 1_024, 1L << 30, l => l.CollectionBytes, (l, v) => l with { CollectionBytes = (long)v }),
        Number("subscriptions", 1, int.MaxValue, l => l.Subscriptions, (l, v) => l with { Subscriptions = (int)v }),
        new("request_rate", 0.1, 1e9, l => l.RequestRate, (l, v) => l with { RequestRate = v }) { Optional = true, Fractional = true },
        Number("request_burst", 1, int.MaxValue, l => l.RequestBurst, (l, v) => l with { RequestBurst = (int)v }),
        Number("requests_in_flight", 1, int.MaxValue, l => l.RequestsInFlight, (l, v) => l with { RequestsInFlight = (int)v }),
        Number("connections", 1, int.MaxValue, l => l.Connections, (l, v) => l with { Connections = (int)v }),
        new("connections_per_address", 1, int.MaxValue, l => l.ConnectionsPerAddress, (l, v) => l with { ConnectionsPerAddress = (int?)v })
        {
            Optional = true,
        },
        Number("handshakes", 1, 1_000_000, l => l.Handshakes, (l, v) => l with { Handshakes = (int)v }),
        new("handshake_share", 0.01, 1, l => l.HandshakeShare, (l, v) => l with { HandshakeShare = v!.Value }) { Fractional = true },
        Seconds("handshake_seconds", l => l.HandshakeTime, (l, v) => l with { HandshakeTime = v }),
        Number("handshake_bytes", 1_024, 1 << 20, l => l.HandshakeBytes, (l, v) => l with { HandshakeBytes = (int)v }),
        Seconds("ping_seconds", l => l.PingInterval, (l, v) => l with { PingInterval = v }),
        Seconds("pong_seconds", l => l.PongTime, (l, v) => l with { PongTime = v }),
        Number("outbox_bytes", 1_024, 1 << 30, l => l.OutboxBytes, (l, v) => l with { OutboxBytes = (int)v }),
        Seconds("stalled_seconds", l => l.StalledTime, (l, v) => l with { StalledTime = v }),
        Number("tombstones", 0, int.MaxValue, l => l.Tombstones, (l, v) => l with { Tombstones = (int)v }),
        Seconds("collection_idle_seconds", l => l.CollectionIdleTime, (l, v) => l with { CollectionIdleTime = v }),
        Number("memory_bytes", 1 << 20, 1L << 50, l => l.Memory.Limit, (l, v) => l with { Memory = new((long)v) }),
        Number("turn_text_bytes", 1_024, 1 << 30, l => l.TurnTextBytes, (l, v) => l with { TurnTextBytes = (long)v }),
        Seconds("empty_seconds", l => l.EmptyTime, (l, v) => l with { EmptyTime = v }, maximum: 30 * MaximumSeconds),
        // Every request is answered within 10 seconds, regardless of storage.
        Seconds("storage_seconds", l => l.StorageTime, (l, v) => l with { StorageTime = v }, maximum: 9),
        // A stop takes less than 10 seconds in total: the process needs one more second, and a storage that closes badly another one.
        Seconds("stop_seconds", l => l.StopTime, (l, v) => l with { StopTime = v }, maximum: 8),
        Seconds("watch_seconds", l => l.WatchInterval, (l, v) => l with { WatchInterval = v }, maximum: 60),
    ];

    private static readonly Limits Defaults = new();

    /// <summary>The limit in the form of the configuration, with its default if that differs.</summary>
    public string Describe(Limits limits) =>
        Read(limits) == Read(Defaults) ? $"{Name} {Show(limits)}" : $"{Name} {Show(limits)} (default {Show(Defaults)})";

    /// <summary>Reads <c>service.limits</c>. All fields are optional.</summary>
    public static Limits ReadAll(JsonFields fields)
    {
        var limits = new Limits();
        foreach (var field in All)
        {
            var isNull = fields.Take(field.Name) is { Kind: JsonValueKind.Null };
            double? value = field.Fractional
                ? fields.Number(field.Name, field.Minimum, field.Maximum)
                : fields.Number(field.Name, (long)field.Minimum, (long)field.Maximum);
            if (value is not null || (isNull && field.Optional)) limits = field.Write(limits, value);
        }
        fields.End();
        return limits;
    }

    private string Show(Limits limits) => Read(limits)?.ToString(CultureInfo.InvariantCulture) ?? "null";

    private static LimitField Number(
        string name, double minimum, double maximum, Func<Limits, double?> read, Func<Limits, double, Limits> write) =>
        new(name, minimum, maximum, read, (limits, value) => write(limits, value!.Value));

    private static LimitField Seconds(
        string name, Func<Limits, TimeSpan> read, Func<Limits, TimeSpan, Limits> write, double maximum = MaximumSeconds) =>
        new(name, 0.1, maximum, l => read(l).TotalSeconds, (l, v) => write(l, TimeSpan.FromSeconds(v!.Value))) { Fractional = true };
}
