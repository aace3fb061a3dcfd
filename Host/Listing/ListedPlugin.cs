using System.Text.Json.Serialization;
using SharedState.Host.Plugins;

namespace SharedState.Host.Listing;

/// <summary>One plugin, as an operator sees it: what it is, whether it can be used, and by whom it is. Written as JSON as it stands.</summary>
internal sealed record ListedPlugin
{
    /// <summary>From its manifest; the folder's name where that cannot be read.</summary>
    public required string Name { get; init; }

    public string? Version { get; init; }

    public required string Folder { get; init; }

    /// <summary>The version of the contract that it was built for; null where its assembly cannot be read.</summary>
    public string? Contract { get; init; }

    public IReadOnlyList<string> Modules { get; init; } = [];

    /// <summary>None: any that no other plugin of its modules claims.</summary>
    public IReadOnlyList<string> DbTypes { get; init; } = [];

    /// <summary>The keys that a service's <c>config</c> may have; null: it does not say.</summary>
    public IReadOnlyList<ListedKey>? Config { get; init; }

    /// <summary>The SHA-256 of what is in the folder; null where that cannot be read.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Whether <c>pins</c> allow this content; null without <c>pins</c>.</summary>
    public bool? Pinned { get; init; }

    /// <summary><c>ok</c>; <c>unusable</c>: what is in the folder cannot be used; <c>failed</c>: it can, but a service that uses it is not as it should be.</summary>
    public string Status => Fault is not null ? "unusable" : Failure is not null ? "failed" : "ok";

    /// <summary>Why it is not ok, and what to do about it: a sentence each.</summary>
    public string? Reason => Complaint is { } complaint ? $"{Title} {complaint.Reason}." : null;

    /// <summary>See <see cref="Reason"/>.</summary>
    public string? Fix => Complaint is { } complaint ? $"{complaint.Fix}." : null;

    /// <summary>What does no harm, but might be different.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>The configured services that are for it.</summary>
    public IReadOnlyList<ListedService> Services { get; init; } = [];

    /// <summary>Whether the host has loaded it; null if no host was asked. So are the others about running.</summary>
    public bool? Loaded { get; init; }

    /// <summary>The SHA-256 of what the host runs.</summary>
    public string? RunningSha256 { get; init; }

    public int? Swaps { get; init; }

    public long? BytesLeft { get; init; }

    /// <summary>What is wrong with what is in the folder; null: nothing.</summary>
    [JsonIgnore]
    public PluginFault? Fault { get; init; }

    [JsonIgnore]
    public PluginFault? Complaint => Fault ?? Failure;

    [JsonIgnore]
    public string Title => Version is null ? Name : $"{Name} {Version}";

    /// <summary>The first of its services that is not as it should be.</summary>
    private PluginFault? Failure => Services.FirstOrDefault(service => service.Reason is not null) switch
    {
        null => null,
        { State: "not_open" } service => new($"does not get service {service.Name} open: {service.Reason}", "Mend what that names; the service is tried again until it opens"),
        { State: "kept" } service => new($"runs service {service.Name} as before, since a change failed: {service.Reason}", "Mend what that names"),
        var service => new($"does not run service {service.Name}: {service.Reason}", "Mend what that names, in the configuration or the storage, and start the service anew"),
    };
}
