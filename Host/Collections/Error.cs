namespace SharedState.Host.Collections;

/// <summary>The reason why a request failed, for its client. The message is fixed text with names and limits, never the text of an
/// exception.</summary>
/// <param name="Code">One of the protocol's codes.</param>
/// <param name="Message">A readable sentence that names the object, the limit and the remedy.</param>
/// <param name="Temporary">Whether the same request may succeed later.</param>
internal sealed record Error(string Code, string Message, bool Temporary = false)
{
    /// <summary>The existing servers' exact words.</summary>
    public static readonly Error NoService = new("not_found", "no service");

    public static readonly Error ServiceRemoved = new("not_found", "the service is no longer configured on this server");

    public static readonly Error StorageAway = new(
        "unavailable", "the service's storage is not available now; nothing was changed", Temporary: true);

    public static readonly Error StorageSilent = new(
        "unavailable", "the service's storage does not answer; nothing was changed", Temporary: true);

    public static readonly Error OutcomeUnknown = new(
        "unknown",
        "the service's storage failed during the update, which may or may not have been stored; read the collection to find out",
        Temporary: true);

    public static readonly Error Refused = new("internal", "the service's storage refused the update; the server's log says why");

    public static readonly Error StorageLimit = new(
        "too_large", "the update is over a limit of the service's storage; nothing was changed");

    public static readonly Error Memory = new(
        "limit", "the server has no more memory for this now, or for this client (its setting memory_bytes); try again later", Temporary: true);

    public static readonly Error Conflict = new(
        "conflict", "a condition in \"if\" does not hold, so nothing was changed; \"conflicts\" has the items as they are now");

    public static readonly Error Internal = new("internal", "something failed on the server; its log says what");

    public static readonly Error Unauthorized = new(
        "unauthorized", "the server lets only users do this; send a valid token by PUT /auth");

    public static readonly Error Forbidden = new("forbidden", "no access rule of the server allows this to this user");

    public static readonly Error ForbiddenReset = new(
        "forbidden", "no access rule of the server allows this user to replace all items of the collection");

    public static readonly Error WrongToken = new("unauthorized", "the token is not valid; the server's log says why");

    public static readonly Error ServiceDown = new(
        "unavailable", "the service is configured but not running; the server's log says why", Temporary: true);

    public static readonly Error Stopping = new("unavailable", "the server is stopping; connect again", Temporary: true);

    /// <summary>The refusal of an update because of an item that its client may know of.</summary>
    public static Error ForbiddenItem(string verb, string id) =>
        new("forbidden", $"no access rule of the server allows this user to {verb} the item \"{id}\"; nothing was changed");

    public static Error BadRequest(string message) => new("bad_request", message);

    public static Error TooLarge(string message) => new("too_large", message);

    public static Error Limit(string message) => new("limit", message);
}
