using System.Globalization;

namespace SharedState.Bench.Load.Storages;

/// <summary>What a storage did in some seconds, by its own count.</summary>
internal sealed class StorageRates(
    IReadOnlyDictionary<string, double> before, IReadOnlyDictionary<string, double> after, double seconds, long updates)
{
    private const double Seldom = 0.5; // a second; less often is not told

    /// <summary>How often a second.</summary>
    public double Of(string count) => (after.GetValueOrDefault(count) - before.GetValueOrDefault(count)) / seconds;

    /// <summary>In one line: each count a second, and how long one took where that is known.</summary>
    public override string ToString()
    {
        var counts = after
            .Keys.Where(name => !name.EndsWith(Microseconds, StringComparison.Ordinal) && Of(name) >= Seldom)
            .OrderByDescending(Of)
            .Select(name =>
            {
                var took = after.ContainsKey(name + Microseconds) ? Invariant($" of {Of(name + Microseconds) / Of(name):F1} us") : "";
                return Invariant($"{name} {Of(name):F0}{took}");
            });
        return Invariant($"at {updates / seconds:F0} updates/s, a second: {string.Join(", ", counts)}");
    }

    /// <summary>Behind a count's name: how long it took in all.</summary>
    private const string Microseconds = " us";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
