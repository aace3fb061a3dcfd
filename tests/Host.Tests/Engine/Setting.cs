using System.Globalization;

namespace SharedState.Host.Tests.Engine;

/// <summary>Numbers from the environment, by which tests run longer, or repeat a run.</summary>
internal static class Setting
{
    public static int Number(string variable, int without) => Number(variable) ?? without;

    /// <summary>Runs a test once, or as often as SHAREDSTATE_REPEATS says.</summary>
    public static async Task RepeatAsync(Func<Task> test)
    {
        for (var times = Number("SHAREDSTATE_REPEATS", 1); times > 0; times--) await test();
    }

    /// <summary>The number that a variable holds; null where it holds none.</summary>
    public static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;
}
