using System.Diagnostics.Metrics;

namespace SharedState.Host.Diagnostics;

/// <summary>
/// The metrics of things that happen now and then. Those of the hot path are plain counters, which are read when somebody asks. No label
/// has a value that a client chooses: each would be a series that stays for ever.
/// </summary>
internal static class HostMeter
{
    /// <summary>The name of all meters of the host.</summary>
    public const string Name = "SharedState";

    /// <summary>The names of the meters of plugins that the host exports: this, a dot, and the plugin's name.</summary>
    public const string Plugins = "SharedState.Plugin";

    private static readonly Meter Meter = new(Name);

    // From a commit in memory to the longest that is waited for.
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    public static readonly Histogram<double> CommitDuration = Meter.CreateHistogram(
        "sharedstate.commit.duration", "s", "Duration of a commit of a batch of updates.", advice: Seconds);

    public static readonly Counter<long> Loads = Meter.CreateCounter<long>(
        "sharedstate.collection.loads", "{load}", "Collections that were read from their storage.");

    public static readonly Counter<long> StorageErrors = Meter.CreateCounter<long>(
        "sharedstate.storage.errors", "{error}", "Storage calls that failed.");

    public static readonly Counter<long> Closes = Meter.CreateCounter<long>(
        "sharedstate.connection.closes", "{connection}", "Connections that ended.");

    public static readonly Counter<long> Tokens = Meter.CreateCounter<long>(
        "sharedstate.tokens", "{token}", "Tokens and API keys that were checked.");

    public static readonly Counter<long> Refusals = Meter.CreateCounter<long>(
        "sharedstate.access.refusals", "{request}", "Requests and subscriptions that no access rule allowed.");

    /// <summary>A label that names a rule by its path; <c>none</c> if there is no rule for the path of the request.</summary>
    public static KeyValuePair<string, object?> Rule(string path) => new("rule", path);

    /// <summary>A label that names a service.</summary>
    public static KeyValuePair<string, object?> Service(string name) => new("service", name);

    /// <summary>A label that tells whether something succeeded.</summary>
    public static KeyValuePair<string, object?> Outcome(bool good) => new("outcome", good ? "ok" : "failed");
}
