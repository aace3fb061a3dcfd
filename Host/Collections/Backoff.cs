namespace SharedState.Host.Collections;

/// <summary>How long to wait before the next attempt at a storage: 0.1 seconds, doubling up to 2, so that it is back within 20 seconds of
/// being there.</summary>
internal static class Backoff
{
    public static TimeSpan After(int failures) => TimeSpan.FromMilliseconds(Math.Min(2_000, 100 * Math.Pow(2, failures - 1)));
}
