namespace SharedState.Host.PluginTest;

/// <summary>A line from the worker: what became of what it was asked. Of the fields only those are set that belong to the question.</summary>
internal sealed record Answer
{
    /// <summary>What is wrong; null if nothing is.</summary>
    public string? Failure { get; init; }

    /// <summary>The plugin's name and version, once it is loaded.</summary>
    public string? Title { get; init; }

    /// <summary>Versions and kinds, for the head of the report.</summary>
    public string? About { get; init; }

    public IReadOnlyList<Question>? Questions { get; init; }

    /// <summary>Whether removals are remembered.</summary>
    public bool? RemembersRemovals { get; init; }

    /// <summary>The number of a batch: of the last one that was found, or of one that was acknowledged.</summary>
    public long? Batch { get; init; }

    public Throughput.Rates? Rates { get; init; }
}
