namespace SharedState.Host.Listing;

/// <summary>A configured service, in the form of the JSON list.</summary>
/// <param name="Name">The name in the configuration.</param>
/// <param name="State">
/// <c>running</c>; <c>away</c>: it runs, but the last call of its storage failed; <c>not_open</c>: the storage is unavailable, and the host
/// tries again; <c>refused</c>: the service does not run;
/// <c>kept</c>: it runs as before, because a change failed; <c>opens</c>: a check found that it would open; null: unknown.
/// </param>
/// <param name="Reason">The reason for the state, as one sentence without secrets; null for <c>running</c> and <c>opens</c>.</param>
internal sealed record ListedService(string Name, string? State, string? Reason);
