namespace SharedState.Host.Listing;

/// <summary>A configured service, as far as whoever lists it knows.</summary>
/// <param name="Name">Its name in the configuration.</param>
/// <param name="State">
/// <c>running</c>; <c>not_open</c>: its storage is not there yet, and is tried again; <c>refused</c>: it does not run. <c>kept</c>: it
/// runs as it did before a change that failed. <c>opens</c>: it was tried, and closed again. Null
/// if nobody tried.
/// </param>
/// <param name="Reason">Why it does not run, or not yet, or why the change failed, as one sentence without secrets; else null.</param>
internal sealed record ListedService(string Name, string? State, string? Reason);
