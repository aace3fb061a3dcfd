using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using SharedState.Host.Diagnostics;
using SharedState.Host.Plugins;
using SharedState.Host.Services;

namespace SharedState.Host.Listing;

/// <summary>
/// The installed plugins, and those that a host has loaded. Its JSON form is the output of <c>--plugins --json</c> and of the admin side.
/// </summary>
internal sealed record PluginList
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        // Unescaped quotes are easier to read, and the list is never part of a web page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
        NewLine = "\n",
    };

    /// <summary>The version of the host.</summary>
    public string Host { get; } = HostVersion.Text;

    /// <summary>The version of the host's contract.</summary>
    public string Contract { get; } = PluginPreflight.ContractVersion;

    public string Dotnet { get; } = Environment.Version.ToString();

    /// <summary>The searched folders.</summary>
    public required IReadOnlyList<string> Folders { get; init; }

    public required IReadOnlyList<ListedPlugin> Plugins { get; init; }

    /// <summary>Configured services without a plugin.</summary>
    public required IReadOnlyList<ListedService> WithoutPlugin { get; init; }

    /// <summary>Whether everything is in order.</summary>
    [JsonIgnore]
    public bool Good => WithoutPlugin.Count == 0 && Plugins.All(plugin => plugin.Status == "ok");

    /// <param name="folders">The installed plugins, whose content is read here.</param>
    /// <param name="pins">The pins of the configuration.</param>
    /// <param name="plans">The configured services.</param>
    /// <param name="services">The known states of services.</param>
    /// <param name="loaded">The loaded plugins of a running host; null without one.</param>
    public static PluginList Make(
        PluginFolders folders, PluginPins pins, IReadOnlyList<ServicePlan> plans, IReadOnlyList<ListedService> services,
        IReadOnlyList<LoadedPlugin>? loaded)
    {
        var known = services.ToDictionary(service => service.Name);
        var plugins = folders.Manifests
            .Select(manifest => PluginInspection.Of(manifest, folders, pins) with
            {
                Services = [.. plans.Where(plan => plan.Manifest?.Folder == manifest.Folder).Select(Service)],
            })
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
            WithoutPlugin =
                [.. plans.Where(plan => plan.Manifest is null).Select(plan => new ListedService(plan.Name, "refused", plan.Refusal))],
        };

        ListedService Service(ServicePlan plan) => known.GetValueOrDefault(plan.Name) ?? new(plan.Name, null, null);

        ListedPlugin WithLoaded(ListedPlugin plugin)
        {
            if (loaded is null) return plugin;
            if (loaded.FirstOrDefault(candidate => candidate.Folder == plugin.Folder) is not { } running)
                return plugin with { Loaded = false };
            return plugin with { Loaded = true, RunningSha256 = running.ContentHash, Swaps = running.Swaps, BytesLeft = running.BytesLeft };
        }
    }

    public string ToJson() => JsonSerializer.Serialize(this, Options);
}
