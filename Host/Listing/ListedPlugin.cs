using System.Text.Json.Serialization;
using SharedState.Host.Plugins;

namespace SharedState.Host.Listing;

/// <summary>A plugin for the operator: its description, its state and the services that use it, in the form of the JSON list.</summary>
internal sealed record ListedPlugin
{
    /// <summary>The name in the manifest; the name of the folder if the manifest cannot be read.</summary>
    public required string Name { get; init; }

    public string? Version { get; init; }

    public required string Folder { get; init; }

    /// <summary>The version of the contract for which it was built; null if its assembly cannot be read.</summary>
    public string? Contract { get; init; }

    public IReadOnlyList<string> Modules { get; init; } = [];

    /// <summary>The storages of the plugin; empty: all that no other plugin of its modules claims.</summary>
    public IReadOnlyList<string> DbTypes { get; init; } = [];

    /// <summary>The keys that a service's <c>config</c> may have; null: the manifest does not list them.</summary>
    public IReadOnlyList<ListedKey>? Config { get; init; }

    /// <summary>The SHA-256 of the folder's content; null if it cannot be read.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Whether <c>pins</c> allow this content; null without <c>pins</c>.</summary>
    public bool? Pinned { get; init; }

    /// <summary>
    /// <c>ok</c>; <c>unusable</c>: the content of the folder cannot be used; <c>failed</c>: a service that uses the plugin has a problem.
    /// </summary>
    public string Status => Fault is not null ? "unusable" : Failure is not null ? "failed" : "ok";

    /// <summary>The reason for a status other than <c>ok</c>, as a sentence.</summary>
    public string? Reason => Complaint is { } complaint ? $"{Title} {complaint.Reason}." : null;

    /// <summary>The remedy for <see cref="Reason"/>, as a sentence.</summary>
    public string? Fix => Complaint is { } complaint ? $"{complaint.Fix}." : null;

    /// <summary>Harmless peculiarities.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>The configured services that use it.</summary>
    public IReadOnlyList<ListedService> Services { get; init; } = [];

    /// <summary>Whether the host has loaded it; null, like the following fields, if the list does not come from a running host.</summary>
    public bool? Loaded { get; init; }

    /// <summary>The SHA-256 of the running content.</summary>
    public string? RunningSha256 { get; init; }

    public int? Swaps { get; init; }

    public long? BytesLeft { get; init; }

    /// <summary>The fault of the folder's content; null: none.</summary>
    [JsonIgnore]
    public PluginFault? Fault { get; init; }

    [JsonIgnore]
    public PluginFault? Complaint => Fault ?? Failure;

    [JsonIgnore]
    public string Title => Version is null ? Name : $"{Name} {Version}";

    /// <summary>The problem of the first service that has one.</summary>
    private PluginFault? Failure => Services.FirstOrDefault(service => service.Reason is not null) switch
    {
        null => null,
        { State: "not_open" } service => new(
            $"cannot open service {service.Name} yet: {service.Reason}", "Remove that cause; the host tries again until the service opens"),
        { State: "away" } service => new(
            $"cannot use the storage of service {service.Name}: {service.Reason}", "Remove that cause; the host tries again by itself"),
        { State: "kept" } service =>
            new($"runs service {service.Name} as before, because a change failed: {service.Reason}", "Remove that cause"),
        var service => new(
            $"does not run service {service.Name}: {service.Reason}",
            "Remove that cause in the configuration or in the storage, and start the service again"),
    };
}
