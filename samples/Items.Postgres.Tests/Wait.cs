namespace Items.Postgres.Tests;

/// <summary>Waits for what is soon true.</summary>
internal static class Wait
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    /// <summary>Waits for a condition, and fails where it is not met in time.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        for (var deadline = DateTime.UtcNow + _patience; !await condition(); await Task.Delay(20))
        {
            Assert.True(DateTime.UtcNow < deadline, $"waited in vain: {what}");
        }
    }
}
