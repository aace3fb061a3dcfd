using System.Globalization;
using System.Runtime.CompilerServices;

namespace SharedState.Host.Tests.Engine;

/// <summary>Environment variables that make tests run longer or repeat a run; CONTRIBUTING.md lists them.</summary>
internal static class Setting
{
    public static int Number(string variable, int without) => Number(variable) ?? without;

    /// <summary>Runs a test SHAREDSTATE_REPEATS times, by default once.</summary>
    public static async Task RepeatAsync(Func<Task> test)
    {
        for (var times = Number("SHAREDSTATE_REPEATS", 1); times > 0; times--) await test();
    }

    /// <summary>Plays random runs: SHAREDSTATE_SEEDS of them, by default a thousand, or the one of SHAREDSTATE_SEED. A failure tells how
    /// to run its seed alone.</summary>
    /// <param name="play">Plays the run of a seed.</param>
    /// <param name="file">The file of the test's class, by default that of the caller.</param>
    public static void ForEachSeed(Action<int> play, [CallerFilePath] string file = "")
    {
        var one = Number("SHAREDSTATE_SEED");
        for (var seed = one ?? 1; seed <= (one ?? Number("SHAREDSTATE_SEEDS", 1_000)); seed++)
        {
            try
            {
                play(seed);
            }
            catch (Exception exception)
            {
                var again = $"SHAREDSTATE_SEED={seed} dotnet test tests/Host.Tests --filter {Path.GetFileNameWithoutExtension(file)}";
                Assert.Fail($"seed {seed} fails; to run it alone: {again}\n{exception}");
            }
        }
    }

    /// <summary>The number in a variable; null if the variable is not set or is no number.</summary>
    public static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;
}
