namespace SharedState;

/// <summary>One change that <see cref="IItemService.OpenAsync"/> would make, for the operator.</summary>
public sealed class StorageChange
{
    /// <summary>The statement to run, such as SQL, or the object to create, such as <c>the file /data/items.db</c>.</summary>
    public required string Statement { get; init; }

    /// <summary>
    /// Whether the change alters existing data, such as a table of an older version or of another program. Default: false, the change only
    /// creates. With <c>"migrate": false</c> in the service's configuration, the host does not open a storage that would be altered.
    /// </summary>
    public bool Alters { get; init; }

    /// <summary>The number of affected rows or items; an estimate is enough. Default: null, unknown.</summary>
    public long? Rows { get; init; }

    /// <summary>The number of affected bytes; an estimate is enough. Default: null, unknown.</summary>
    public long? Bytes { get; init; }

    /// <summary>The maximum duration on a typical machine. Default: null, unknown or negligible.</summary>
    public TimeSpan? Duration { get; init; }
}
