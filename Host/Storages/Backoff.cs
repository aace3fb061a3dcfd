namespace SharedState.Host.Storages;

/// <summary>The wait before the next attempt at a storage: 0.1 seconds, doubling up to 2, so that a storage is in use within 20 seconds
/// after it is available.</summary>
internal static class Backoff
{
    public static TimeSpan After(int failures) => TimeSpan.FromMilliseconds(Math.Min(2_000, 100 * Math.Pow(2, failures - 1)));
}
