namespace SharedState;

/// <summary>The kinds of storage failures, by the reaction of the host.</summary>
public enum ItemServiceFault
{
    /// <summary>
    /// Nothing was stored, and a later call may succeed: the storage is unreachable, busy, full or starting up. Clients get
    /// <c>unavailable</c>.
    /// </summary>
    Unavailable,

    /// <summary>The commit may or may not have been stored: the host loads the collections again before it serves them.</summary>
    OutcomeUnknown,

    /// <summary>Nothing was stored: the update exceeds a limit of the storage. Clients get <c>too_large</c>.</summary>
    TooLarge,

    /// <summary>
    /// Nothing was stored, and a later attempt will not succeed: the storage refuses this update. Clients get <c>internal</c>.
    /// </summary>
    Rejected,

    /// <summary>
    /// The service's configuration is wrong; <see cref="ItemServiceException.ConfigKey"/> names the key. The service does not start.
    /// </summary>
    Config,

    /// <summary>The storage is damaged or contains foreign data, and must not be changed. The service does not start.</summary>
    Unusable,
}

/// <summary>A failure of a storage. The message is for the operator: it names the object, the cause and the remedy.</summary>
public sealed class ItemServiceException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="fault">The kind of failure, which determines the reaction of the host.</param>
    /// <param name="message">For the operator's log, never for a client: the object, the cause and the remedy, without secrets.</param>
    /// <param name="innerException">The driver's exception, if any.</param>
    public ItemServiceException(ItemServiceFault fault, string message, Exception? innerException = null)
        : base(message, innerException) => Fault = fault;

    /// <summary>The kind of failure, which determines the reaction of the host.</summary>
    public ItemServiceFault Fault { get; }

    /// <summary>
    /// With <see cref="ItemServiceFault.Config"/>: the key whose value is wrong, so that the host can report its place in the file.
    /// Otherwise null.
    /// </summary>
    public string? ConfigKey { get; init; }

    /// <summary>
    /// Whether this instance of the service cannot continue, for example because a driver does not recover from a lost connection. The host
    /// then closes this instance and opens a new one between two commits, at most once a second. Subscribers receive only differences in
    /// the data. Applies to any fault and any call except <see cref="IItemService.OpenAsync"/>, after which there is a new instance anyway.
    /// Default: false. Since 1.3.
    /// </summary>
    public bool InstanceBroken { get; init; }

    /// <summary>Whether the same call may succeed later.</summary>
    public bool IsTransient => Fault is ItemServiceFault.Unavailable or ItemServiceFault.OutcomeUnknown;
}
