using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace SharedState.Items.Conformance;

/// <summary>An empty storage that one test is to run on, and what it is like.</summary>
public sealed class TestedStorage
{
    /// <summary>Makes a service, not yet opened.</summary>
    public required Func<IItemService> Create { get; init; }

    /// <summary>The configuration of the storage.</summary>
    public required IReadOnlyDictionary<string, string> Config { get; init; }

    /// <summary>The configuration of another service in the same storage; null if there is no such thing.</summary>
    public IReadOnlyDictionary<string, string>? OtherConfig { get; init; }

    /// <summary>What relative paths in the configuration are relative to.</summary>
    public required string BaseDirectory { get; init; }

    /// <summary>Whether what was committed is still there when the storage was closed and is opened again.</summary>
    public bool IsDurable { get; init; } = true;

    /// <summary>Whether removals are remembered.</summary>
    public bool RemembersRemovals { get; init; } = true;

    /// <summary>Makes the storage's operator, who kills it or puts an older copy in its place; null if there is none.</summary>
    public Func<OperatedStorage>? Operated { get; init; }

    /// <summary>Where the service logs.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}
