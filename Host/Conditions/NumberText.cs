using System.Globalization;

namespace SharedState.Host.Conditions;

/// <summary>The one text of a number, whatever its spelling was.</summary>
internal static class NumberText
{
    public static string Of(double number) =>
        double.IsPositiveInfinity(number) ? "1e999"
        : double.IsNegativeInfinity(number) ? "-1e999"
        : number.ToString("R", CultureInfo.InvariantCulture);
}
