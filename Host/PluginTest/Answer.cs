namespace SharedState.Host.PluginTest;

/// <summary>An answer of the worker, one line of JSON. Only the fields that belong to the question are set.</summary>
internal sealed record Answer
{
    /// <summary>The failure, as a sentence; null if there is none.</summary>
    public string? Failure { get; init; }

    /// <summary>Name and version of the loaded plugin.</summary>
    public string? Title { get; init; }

    /// <summary>Versions and db_types, for the head of the report.</summary>
    public string? About { get; init; }

    public IReadOnlyList<Question>? Questions { get; init; }

    /// <summary>Why the promise means nothing for this plugin, found out by its test; null otherwise.</summary>
    public string? LeftOut { get; init; }

    /// <summary>Whether the plugin remembers removals.</summary>
    public bool? RemembersRemovals { get; init; }

    /// <summary>Whether what the plugin stores is in the folder of its storage, in files.</summary>
    public bool? KeepsFiles { get; init; }

    /// <summary>The number of a batch: of the last stored one, or of an acknowledged one.</summary>
    public long? Batch { get; init; }

    public Throughput.Rates? Rates { get; init; }
}
