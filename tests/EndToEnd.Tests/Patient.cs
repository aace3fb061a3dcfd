using System.Diagnostics;

namespace SharedState.EndToEnd.Tests;

/// <summary>Waiting for a condition, with a deadline.</summary>
internal static class Patient
{
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        var waited = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30), $"waited in vain: {what}");
            await Task.Delay(5);
        }
    }
}
