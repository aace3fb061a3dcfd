namespace SharedState.Host.Collections;

/// <summary>The lifetime that an update gives to its items.</summary>
/// <param name="Ttl">The time after which the host removes them; null for ephemeral items, which end with their holder.</param>
/// <param name="Holder">The holder of ephemeral items; null for the connection itself.</param>
/// <param name="Grace">The time for which a holder lives without a connection.</param>
internal sealed record Lifetime(TimeSpan? Ttl, string? Holder = null, TimeSpan Grace = default);
