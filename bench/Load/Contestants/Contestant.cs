using SharedState.Bench.Load.Checks;
using SharedState.Bench.Load.Dialects;

namespace SharedState.Bench.Load.Contestants;

/// <summary>A kind of server that takes part: how it is started, and how it is spoken to.</summary>
/// <param name="Label">Its name in the table.</param>
/// <param name="Program">The file to run.</param>
/// <param name="Arguments">Its command line, in which CONFIG stands for the file with the configuration, PORT for the port.</param>
/// <param name="Dialect">How it is spoken to.</param>
/// <param name="Order">What it promises if many write to one room.</param>
internal sealed record Contestant(string Label, string Program, string[] Arguments, Dialect Dialect, Order Order)
{
    /// <summary>Whether it is a Shared State, of whatever version.</summary>
    public bool IsShared => Dialect is SharedDialect;

    public static Contestant Shared(string label, string folder) =>
        new(label, Path.Combine(folder, "sharedstate"), ["CONFIG"], new SharedDialect(), Order.ByRevision);

    public static Contestant A(string folder) => new("a", Ceilings(folder), ["a"], new RelayDialect(), Order.PerWriter);

    public static Contestant B(string folder) => new("b", Ceilings(folder), ["b"], new RelayDialect(), Order.ByArrival);

    public static Contestant Hub(string folder) => new("signalr", Ceilings(folder), ["signalr"], new HubDialect(), Order.PerWriter);

    /// <summary>An ASP.NET Core application that does nothing.</summary>
    public static Contestant Empty(string folder) => new("empty", Ceilings(folder), ["empty", "PORT"], new RelayDialect(), Order.ByArrival);

    /// <summary>A ceiling b with a fault, which must be noticed.</summary>
    public static Contestant Faulty(string folder, string fault) =>
        new($"b, {fault}", Ceilings(folder), ["b", fault], new RelayDialect(), Order.ByArrival);

    private static string Ceilings(string folder) => Path.Combine(folder, "ceilings");
}
