namespace SharedState;

/// <summary>What went wrong in a storage, by what the host has to do about it.</summary>
public enum ItemServiceFault
{
    /// <summary>
    /// Nothing was applied, and it may work later: not reachable, busy, disk full, starting up. Clients get <c>unavailable</c>.
    /// </summary>
    Unavailable,

    /// <summary>The commit may or may not have been applied: the host loads the collections again before it serves them.</summary>
    OutcomeUnknown,

    /// <summary>Nothing was applied: the update is over a limit of the storage. Clients get <c>too_large</c>.</summary>
    TooLarge,

    /// <summary>
    /// Nothing was applied, and it will not work later either: the storage refuses this update. Clients get <c>internal</c>.
    /// </summary>
    Rejected,

    /// <summary>
    /// The service's configuration is wrong; <see cref="ItemServiceException.ConfigKey"/> says where. The service does not start.
    /// </summary>
    Config,

    /// <summary>The storage is damaged or holds something else, and must not be touched. The service does not start.</summary>
    Unusable,
}

/// <summary>What a storage throws. The message is for the operator: it names the thing, the cause and the fix.</summary>
public sealed class ItemServiceException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="fault">What the host has to do about it.</param>
    /// <param name="message">For the operator's log, never for a client: the thing, the cause and the fix, without secrets.</param>
    /// <param name="innerException">The driver's exception, if any.</param>
    public ItemServiceException(ItemServiceFault fault, string message, Exception? innerException = null)
        : base(message, innerException) => Fault = fault;

    /// <summary>What the host has to do about it.</summary>
    public ItemServiceFault Fault { get; }

    /// <summary>
    /// With <see cref="ItemServiceFault.Config"/>: the key whose value is wrong, so that the host can point to its place in the file. Else
    /// null.
    /// </summary>
    public string? ConfigKey { get; init; }

    /// <summary>
    /// Whether this instance of the service cannot go on, as where a driver does not come back from a lost connection. The host then closes
    /// it and opens a new instance between two commits, at most once a second. Subscribers notice only what differs. With any fault, from
    /// any call but <see cref="IItemService.OpenAsync"/>, after which there is a new instance anyway. Default: false. Since 1.3.
    /// </summary>
    public bool InstanceBroken { get; init; }

    /// <summary>Whether the same call may succeed later.</summary>
    public bool IsTransient => Fault is ItemServiceFault.Unavailable or ItemServiceFault.OutcomeUnknown;
}
