using System.Globalization;

namespace SharedState.Bench.Load.Trials;

/// <summary>What a ceiling sends when it is asked for bytes.</summary>
internal static class Ceiling
{
    /// <summary>Clients that get one ready-made frame, which is as long as what is given, with its header.</summary>
    public static Fetch Fetch(Stage stage, int length)
    {
        var header = length - 2 <= 125 ? 2 : length - 4 <= ushort.MaxValue ? 4 : 10; // RFC 6455, 5.2
        var fetch = new Fetch(stage, string.Create(CultureInfo.InvariantCulture, $"G {length - header}"), frames: 1);
        return fetch.Answer.Length == length ? fetch : throw new Violation($"{fetch.Answer.Length} bytes came instead of {length}");
    }
}
