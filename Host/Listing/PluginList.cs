using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using SharedState.Host.Configuration;
using SharedState.Host.Diagnostics;
using SharedState.Host.Plugins;

namespace SharedState.Host.Listing;

/// <summary>All plugins that are installed, and what a host has loaded. Written as JSON as it stands.</summary>
internal sealed record PluginList
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        // Sentences are full of quotes. The list is never part of a page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
        NewLine = "\n",
    };

    /// <summary>The host's version.</summary>
    public string Host { get; } = StartReport.Version;

    /// <summary>The version of the contract that the host has.</summary>
    public string Contract { get; } = PluginPreflight.ContractVersion;

    public string Dotnet { get; } = Environment.Version.ToString();

    /// <summary>Where plugins are looked for.</summary>
    public required IReadOnlyList<string> Folders { get; init; }

    public required IReadOnlyList<ListedPlugin> Plugins { get; init; }

    /// <summary>Configured services that no plugin is for.</summary>
    public required IReadOnlyList<ListedService> WithoutPlugin { get; init; }

    /// <summary>Whether there is nothing to mend.</summary>
    [JsonIgnore]
    public bool Good => WithoutPlugin.Count == 0 && Plugins.All(plugin => plugin.Status == "ok");

    /// <param name="folders">What is installed. Its content is read here.</param>
    /// <param name="pins">What content may run.</param>
    /// <param name="plans">The configured services.</param>
    /// <param name="services">What is known of them; those that it lacks are unknown.</param>
    /// <param name="loaded">What the host has loaded; null if no host is asked.</param>
    public static PluginList Make(
        PluginFolders folders, PluginPins pins, IReadOnlyList<ServicePlan> plans, IReadOnlyList<ListedService> services, IReadOnlyList<LoadedPlugin>? loaded)
    {
        var known = services.ToDictionary(service => service.Name);
        var plugins = folders.Manifests
            .Select(manifest => PluginInspection.Of(manifest, folders, pins) with { Services = [.. plans.Where(plan => plan.Plugin?.Folder == manifest.Folder).Select(Service)] })
            .Concat(folders.Broken.Select(broken => PluginInspection.OfBroken(broken.Folder, broken.Mistakes)))
            .Select(WithLoaded).ToList();
        foreach (var gone in loaded ?? [])
        {
            if (!plugins.Exists(plugin => plugin.Folder == gone.Folder)) plugins.Add(WithLoaded(PluginInspection.OfGone(gone)));
        }
        return new()
        {
            Folders = folders.Searched,
            Plugins = plugins,
            WithoutPlugin = [.. plans.Where(plan => plan.Plugin is null).Select(plan => new ListedService(plan.Service.Name, "refused", plan.Service.Redact(plan.Refusal)))],
        };

        ListedService Service(ServicePlan plan) => known.GetValueOrDefault(plan.Service.Name) ?? new(plan.Service.Name, null, null);

        ListedPlugin WithLoaded(ListedPlugin plugin)
        {
            if (loaded is null) return plugin;
            if (loaded.FirstOrDefault(candidate => candidate.Folder == plugin.Folder) is not { } running) return plugin with { Loaded = false };
            return plugin with { Loaded = true, RunningSha256 = running.ContentHash, Swaps = running.Swaps, BytesLeft = running.BytesLeft };
        }
    }

    public string ToJson() => JsonSerializer.Serialize(this, Options);
}
