using System.Globalization;

namespace SharedState.Bench.Load.Report;

/// <summary>What a cell's value is, and how it is written.</summary>
internal sealed record Unit(string Name, double Scale, int Decimals)
{
    public static readonly Unit DeliveriesPerSecond = new("k deliveries/s", 1e-3, 1);
    public static readonly Unit UpdatesPerSecond = new("k updates/s", 1e-3, 1);
    public static readonly Unit ItemsPerSecond = new("k items/s", 1e-3, 1);
    public static readonly Unit ConnectionsPerSecond = new("k connections/s", 1e-3, 2);
    public static readonly Unit BytesPerConnection = new("KB/connection", 1e-3, 2);
    public static readonly Unit Megabytes = new("MB", 1e-6, 1);
    public static readonly Unit Milliseconds = new("ms", 1, 3);
    public static readonly Unit Updates = new("updates", 1, 0);
    public static readonly Unit Notifications = new("notifications", 1, 0);
    public static readonly Unit Times = new("times", 1, 2);

    public static readonly Unit NinetyOfHundred = new("ms p90", 1e-3, 2);
    public static readonly Unit PercentOfCore = new("% of a core", 1e2, 2);

    public string Write(double value) => (value * Scale).ToString("F" + Decimals, CultureInfo.InvariantCulture) + " " + Name;
}
