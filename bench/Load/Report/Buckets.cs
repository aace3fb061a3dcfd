using System.Globalization;
using System.Text;
using SharedState.Bench.Load.Checks;

namespace SharedState.Bench.Load.Report;

/// <summary>Histograms side by side, each bucket twice as wide as the one before.</summary>
internal static class Buckets
{
    private const double Narrowest = 250, Full = 0.999999; // microseconds; what is left is rounding

    public static IEnumerable<string> Lines(params (string Label, Latencies Latencies)[] histograms)
    {
        yield return Line("ms", histograms.Select(its => its.Label));
        var told = new double[histograms.Length];
        for (var (above, upTo) = (0.0, Narrowest); !Array.TrueForAll(told, share => share > Full); (above, upTo) = (upTo, 2 * upTo))
        {
            var shares = Array.ConvertAll(histograms, its => its.Latencies.Share(above, upTo));
            for (var index = 0; index < told.Length; index++) told[index] += shares[index];
            if (told.Sum() > 0)
                yield return Line(Invariant($"{above / 1e3:0.##} to {upTo / 1e3:0.##}"), shares.Select(share => Invariant($"{share:P1}")));
        }
    }

    private static string Line(string first, IEnumerable<string> others)
    {
        var line = new StringBuilder($"{first,16}");
        foreach (var other in others) line.Append(CultureInfo.InvariantCulture, $"{other,14}");
        return line.ToString();
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
