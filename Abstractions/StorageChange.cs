namespace SharedState;

/// <summary>Something that <see cref="IItemService.OpenAsync"/> would create or alter, for the operator.</summary>
public sealed class StorageChange
{
    /// <summary>What would be run, such as an SQL statement; or what would be made, such as <c>the file /data/items.db</c>.</summary>
    public required string Statement { get; init; }

    /// <summary>
    /// Whether it alters what is there, such as a table of an older version or of another program. Default: false, it only creates. With
    /// <c>"migrate": false</c> in the service's configuration, the host opens nothing that would be altered.
    /// </summary>
    public bool Alters { get; init; }

    /// <summary>How many rows or items it touches; an estimate will do. Default: null, not known.</summary>
    public long? Rows { get; init; }

    /// <summary>The bytes that it touches; an estimate will do. Default: null, not known.</summary>
    public long? Bytes { get; init; }

    /// <summary>How long it may take at most on a usual machine. Default: null, not known, or not worth telling.</summary>
    public TimeSpan? Duration { get; init; }
}
