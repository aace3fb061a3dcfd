using System.Reflection;
using SharedState.Items.Conformance;
using Xunit;
using Xunit.Sdk;

namespace SharedState.Items.Tests;

/// <summary>Runs the contract's tests one by one, by their names, for a service whose storage may not be installed.</summary>
internal static class ConformanceRun
{
    private static readonly SortedDictionary<string, (MethodInfo Method, object?[] Arguments)> _tests = Find();

    /// <summary>The tests of a service.</summary>
    public static IReadOnlyCollection<string> Names =>
        [.. NamesWithFeed.Where(name => _tests[name].Method.DeclaringType == typeof(ItemServiceConformance))];

    /// <summary>The tests of a service that is a feed too.</summary>
    public static IReadOnlyCollection<string> NamesWithFeed => _tests.Keys;

    public static async Task RunAsync(ItemServiceConformance conformance, string test)
    {
        var (method, arguments) = _tests[test];
        await conformance.InitializeAsync();
        try
        {
            await (Task)method.Invoke(conformance, arguments)!;
        }
        finally
        {
            await conformance.DisposeAsync();
        }
    }

    private static SortedDictionary<string, (MethodInfo Method, object?[] Arguments)> Find()
    {
        var tests = new SortedDictionary<string, (MethodInfo Method, object?[] Arguments)>(StringComparer.Ordinal);
        foreach (
            var method in typeof(ItemFeedConformance).GetMethods().Where(method => method.GetCustomAttribute<FactAttribute>() is not null))
        {
            var cases = method.GetCustomAttributes<DataAttribute>().SelectMany(data => data.GetData(method)).ToArray();
            if (cases.Length == 0) tests.Add(method.Name, (method, []));
            for (var i = 0; i < cases.Length; i++) tests.Add($"{method.Name} {i + 1}", (method, cases[i]));
        }
        return tests;
    }
}
