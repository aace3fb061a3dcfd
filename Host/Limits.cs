namespace SharedState.Host;

/// <summary>Every bound that the host keeps, with its default. The configuration's <c>service.limits</c> changes them.</summary>
internal sealed record Limits
{
    /// <summary>A message's bytes, over all its fragments and after inflation.</summary>
    public int MessageBytes { get; init; } = 16 << 20;

    /// <summary>A message's fragments.</summary>
    public int MessageFragments { get; init; } = 1_024;

    /// <summary>From a message's first byte to its last, unless it makes progress (<see cref="UploadBytesPerSecond"/>).</summary>
    public TimeSpan MessageTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A message that arrives at this rate, averaged since its first byte, may take longer than <see cref="MessageTime"/>.</summary>
    public int UploadBytesPerSecond { get; init; } = 16 << 10;

    /// <summary>A compressed message of more than 64 KiB inflates to at most so many times its bytes.</summary>
    public int InflationRatio { get; init; } = 100;

    /// <summary>Bytes of unfinished messages, all connections together.</summary>
    public long UnfinishedBytes { get; init; } = 256L << 20;

    /// <summary>Nesting of a message outside its items.</summary>
    public int EnvelopeDepth { get; init; } = 64;

    /// <summary>Nesting of an item, itself included.</summary>
    public int ItemDepth { get; init; } = 256;

    /// <summary>An item's id, in bytes of UTF-8.</summary>
    public int IdBytes { get; init; } = 1_024;

    /// <summary>An app's, a service's or a collection's name, in bytes of UTF-8.</summary>
    public int NameBytes { get; init; } = 512;

    /// <summary>An item's bytes.</summary>
    public int ItemBytes { get; init; } = 1 << 20;

    /// <summary>Items and removals of one request.</summary>
    public int RequestItems { get; init; } = 100_000;

    /// <summary>A collection's items.</summary>
    public int CollectionItems { get; init; } = 1_000_000;

    /// <summary>The bytes of a collection's items.</summary>
    public long CollectionBytes { get; init; } = 256L << 20;

    /// <summary>A connection's subscriptions.</summary>
    public int Subscriptions { get; init; } = 1_000;

    /// <summary>A subscription's options, in bytes: they are kept, to be given back.</summary>
    public int OptionsBytes { get; init; } = 16 << 10;

    /// <summary>Requests a second that are read from a connection; over it reading pauses. Null: as many as come.</summary>
    public double? RequestRate { get; init; }

    /// <summary>Requests that may come at once before <see cref="RequestRate"/> counts.</summary>
    public int RequestBurst { get; init; } = 100;

    /// <summary>Requests of one connection that are read but not answered.</summary>
    public int RequestsInFlight { get; init; } = 64;

    /// <summary>Open connections.</summary>
    public int Connections { get; init; } = 100_000;

    /// <summary>Open connections from one address, or one /64 of IPv6. Null: any number, since a proxy is one address.</summary>
    public int? ConnectionsPerAddress { get; init; }

    /// <summary>Open connections that are not WebSockets yet, or no more: unfinished handshakes, pages, refused clients.</summary>
    public int Handshakes { get; init; } = 1_000;

    /// <summary>The part of <see cref="Handshakes"/> that one address may hold.</summary>
    public double HandshakeShare { get; init; } = 0.75;

    /// <summary>From accepting a connection to its last request header.</summary>
    public TimeSpan HandshakeTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The request line and headers of a handshake, in bytes.</summary>
    public int HandshakeBytes { get; init; } = 16 << 10;

    /// <summary>A silent connection is pinged after this.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>A pinged connection that stays silent for this long is gone.</summary>
    public TimeSpan PongTime { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Bytes that wait for one connection before its subscriptions lag.</summary>
    public int OutboxBytes { get; init; } = 1 << 20;

    /// <summary>A connection to which nothing could be written for this long is closed.</summary>
    public TimeSpan StalledTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Removals that a collection in memory remembers: this many, or as many as it has items, whichever is more; trimmed at twice that.</summary>
    public int Tombstones { get; init; } = 10_000;

    /// <summary>A collection that nobody subscribes to or uses leaves memory after this.</summary>
    public TimeSpan CollectionIdleTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>What storage may take to open, to load or to commit. Less than the 10 seconds in which every request is answered.</summary>
    public TimeSpan StorageTime { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>What a graceful stop may take.</summary>
    public TimeSpan StopTime { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>
    /// How often the host looks for changes of its configuration and of the plugins' folders. A file counts as written when it stays the same for nearly as long, a
    /// folder of plugins for twice as long. A look costs 0.6 ms of a processor with the three plugins that come with the host.
    /// </summary>
    public TimeSpan WatchInterval { get; init; } = TimeSpan.FromSeconds(0.5);
}
