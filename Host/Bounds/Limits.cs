namespace SharedState.Host.Bounds;

/// <summary>Every limit of the host, with its default. <c>service.limits</c> in the configuration changes them.</summary>
internal sealed record Limits
{
    /// <summary>Bytes of a message, over all its fragments and after decompression.</summary>
    public int MessageBytes { get; init; } = 16 << 20;

    /// <summary>Fragments of a message.</summary>
    public int MessageFragments { get; init; } = 1_024;

    /// <summary>
    /// Time from the first byte of a message to its last, unless the message makes progress (<see cref="UploadBytesPerSecond"/>).
    /// </summary>
    public TimeSpan MessageTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Average rate since its first byte at which a message may take longer than <see cref="MessageTime"/>.</summary>
    public int UploadBytesPerSecond { get; init; } = 16 << 10;

    /// <summary>How many times its size a compressed message may inflate to, if it inflates to more than 1 MiB.</summary>
    public int InflationRatio { get; init; } = 100;

    /// <summary>Bytes of the unfinished messages of all connections together.</summary>
    public long UnfinishedBytes { get; init; } = 256L << 20;

    /// <summary>Nesting depth of a message outside its items.</summary>
    public int EnvelopeDepth { get; init; } = 64;

    /// <summary>Nesting depth of an item, including the item itself.</summary>
    public int ItemDepth { get; init; } = 256;

    /// <summary>Bytes of a request's tunnel, which the host keeps in order to return it.</summary>
    public int TunnelBytes { get; init; } = 16 << 10;

    /// <summary>UTF-8 bytes of an item's id.</summary>
    public int IdBytes { get; init; } = 1_024;

    /// <summary>UTF-8 bytes of the name of an app, a service or a collection.</summary>
    public int NameBytes { get; init; } = 512;

    /// <summary>Bytes of an item.</summary>
    public int ItemBytes { get; init; } = 1 << 20;

    /// <summary>Items and removals of one request.</summary>
    public int RequestItems { get; init; } = 100_000;

    /// <summary>Items of a collection.</summary>
    public int CollectionItems { get; init; } = 1_000_000;

    /// <summary>Bytes of the items of a collection.</summary>
    public long CollectionBytes { get; init; } = 256L << 20;

    /// <summary>Subscriptions of a connection.</summary>
    public int Subscriptions { get; init; } = 1_000;

    /// <summary>Bytes of a subscription's options, which the host keeps in order to return them.</summary>
    public int OptionsBytes { get; init; } = 64 << 10;

    /// <summary>Requests per second that the host reads from a connection; beyond them it pauses reading. Null: no limit.</summary>
    public double? RequestRate { get; init; }

    /// <summary>Requests that may arrive at once before <see cref="RequestRate"/> applies.</summary>
    public int RequestBurst { get; init; } = 100;

    /// <summary>Unanswered requests that the host reads from a connection.</summary>
    public int RequestsInFlight { get; init; } = 64;

    /// <summary>Open connections.</summary>
    public int Connections { get; init; } = 100_000;

    /// <summary>Open connections from one address, or one /64 of IPv6. Null: no limit, because all connections through a proxy have its
    /// address.</summary>
    public int? ConnectionsPerAddress { get; init; }

    /// <summary>Open connections that are not, or no longer, WebSockets: unfinished handshakes, pages, refused clients.</summary>
    public int Handshakes { get; init; } = 1_000;

    /// <summary>The part of <see cref="Handshakes"/> that one address may hold.</summary>
    public double HandshakeShare { get; init; } = 0.75;

    /// <summary>Time from the acceptance of a connection to its last request header.</summary>
    public TimeSpan HandshakeTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of the request line and of the headers of a handshake.</summary>
    public int HandshakeBytes { get; init; } = 16 << 10;

    /// <summary>Silence after which the host pings a connection.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>Silence after a ping until the host drops the connection.</summary>
    public TimeSpan PongTime { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Bytes queued for a connection; beyond them its subscriptions lag.</summary>
    public int OutboxBytes { get; init; } = 1 << 20;

    /// <summary>Time without write progress after which the host closes a connection.</summary>
    public TimeSpan StalledTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Removals that a collection in memory remembers: this number or the number of its items, whichever is greater; trimmed at twice that.
    /// </summary>
    public int Tombstones { get; init; } = 10_000;

    /// <summary>Time after which a collection without subscribers and requests leaves memory.</summary>
    public TimeSpan CollectionIdleTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The memory that collections, and the texts made of them, may use together. Shared by all users of these
    /// limits.</summary>
    public MemoryBudget Memory { get; init; } = new(MemoryBudget.OfMachine);

    /// <summary>Bytes of snapshots and differences that a service makes in a turn: a few milliseconds of copying.</summary>
    public long TurnTextBytes { get; init; } = 4 << 20;

    /// <summary>Time after which an empty, unused collection loses its history; at most a minute for a storage in memory.</summary>
    public TimeSpan EmptyTime { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Time of a storage call. Less than the 10 seconds within which every request is answered.</summary>
    public TimeSpan StorageTime { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Time of a graceful stop.</summary>
    public TimeSpan StopTime { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>
    /// Interval at which the host looks for changes of its configuration and of the plugin folders. A file counts as complete when it stays
    /// the same for nearly as long, a plugin folder for twice as long. A look costs 0.6 ms of processor time with the three plugins that
    /// come with the host.
    /// </summary>
    public TimeSpan WatchInterval { get; init; } = TimeSpan.FromSeconds(0.5);
}
