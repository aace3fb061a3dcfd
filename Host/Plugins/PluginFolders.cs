using SharedState.Host.JsonFiles;

namespace SharedState.Host.Plugins;

/// <summary>The installed plugins, known by their manifests. No plugin code is loaded here.</summary>
internal sealed class PluginFolders
{
    private readonly List<PluginManifest> _manifests = [];
    private readonly Dictionary<PluginManifest, PluginFault> _unpinned = [];
    private readonly List<(string Folder, IReadOnlyList<Mistake> Mistakes)> _broken = [];

    private PluginFolders(string standard, IReadOnlyList<string> searched) => (Standard, Searched) = (standard, searched);

    /// <summary>The folder beside the host, in which an operator would install another plugin.</summary>
    public string Standard { get; }

    /// <summary>All searched folders, the standard one first.</summary>
    public IReadOnlyList<string> Searched { get; }

    /// <summary>The plugins in these folders, also those that the pins do not allow.</summary>
    public IReadOnlyList<PluginManifest> Manifests => _manifests;

    /// <summary>Plugin folders with mistakes in their manifests: these plugins count as not installed.</summary>
    public IReadOnlyList<(string Folder, IReadOnlyList<Mistake> Mistakes)> Broken => _broken;

    /// <summary>All mistakes in manifests.</summary>
    public IReadOnlyList<Mistake> Mistakes => [.. _broken.SelectMany(broken => broken.Mistakes)];

    public IReadOnlyList<string> Modules =>
        [.. _manifests.SelectMany(manifest => manifest.Modules).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>
    /// Reads the manifests in the subfolders of the folders, and in the folders themselves. A folder without plugin.json is no plugin.
    /// </summary>
    /// <param name="standard">The folder beside the host.</param>
    /// <param name="others">The other folders.</param>
    /// <param name="pins">A folder with other content is no candidate for any service, whatever its manifest claims.</param>
    public static PluginFolders Scan(string standard, IEnumerable<string> others, PluginPins pins)
    {
        var folders = new PluginFolders(standard, [.. others.Prepend(standard).Select(Path.TrimEndingDirectorySeparator).Distinct()]);
        foreach (var folder in folders.Searched.Where(Directory.Exists))
        {
            folders.Add(folder, pins);
            foreach (
                var candidate in new DirectoryInfo(folder).GetDirectories().OrderBy(candidate => candidate.Name, StringComparer.Ordinal))
            {
                if (candidate.LinkTarget is null) folders.Add(candidate.FullName, pins);
                else folders.LeaveOut(candidate.FullName);
            }
        }
        return folders;
    }

    /// <summary>
    /// The plugin for a module and a db_type: the plugin that claims both, otherwise the plugin for all other db_types of the module. Null,
    /// with the reason, if there is none or more than one.
    /// </summary>
    public PluginManifest? Find(string module, string? dbType, out string why)
    {
        var ofModule = _manifests.Where(manifest => IsCandidate(manifest) && manifest.Modules.Contains(module)).ToArray();
        var candidates = Choose(ofModule, dbType);
        var unpinned = Choose([.. _unpinned.Keys.Where(manifest => manifest.Modules.Contains(module))], dbType);
        var wanted = dbType is not null ? $"db_type \"{dbType}\"" : "a service without db_type";
        var found = string.Join("; ", ofModule.Select(manifest => manifest.Offer));
        why = candidates.Length switch
        {
            0 when unpinned.Length > 0 => string.Join("; ", unpinned.Select(manifest => _unpinned[manifest].Of(manifest).Message)),
            0 => $"no installed plugin is for {wanted}; found: {found}. Put a plugin for it into {Standard}, or change db_type",
            1 => "",
            _ =>
                $"several plugins are for {wanted}: {string.Join(" and ", candidates.Select(plugin => plugin.Folder))}. Remove all but one",
        };
        return candidates.Length == 1 ? candidates[0] : null;
    }

    /// <summary>The fault of a plugin that claims the same db_type of a module as another plugin; null if there is no other.</summary>
    public PluginFault? FindRival(PluginManifest manifest)
    {
        foreach (var module in IsCandidate(manifest) ? manifest.Modules : [])
        {
            foreach (var type in manifest.DbTypes.DefaultIfEmpty(null))
            {
                var rival = _manifests.Find(other => other != manifest && IsCandidate(other) && other.Modules.Contains(module) && (
                    type is null ? other.DbTypes.Count == 0 : other.DbTypes.Contains(type)));
                if (rival is null) continue;
                var claim = type is null ? "any other db_type" : $"db_type \"{type}\"";
                return new(
                    $"claims {claim} of {module}, and so does {rival.Title} in {rival.Folder}",
                    "Remove one of the two, or let one plugin.json name other \"db_types\"");
            }
        }
        return null;
    }

    private bool IsCandidate(PluginManifest manifest) => !_unpinned.ContainsKey(manifest);

    private static PluginManifest[] Choose(PluginManifest[] ofModule, string? dbType)
    {
        var exact = ofModule.Where(manifest => dbType is not null && manifest.DbTypes.Contains(dbType)).ToArray();
        return exact.Length > 0 ? exact : [.. ofModule.Where(manifest => manifest.DbTypes.Count == 0)];
    }

    private void Add(string folder, PluginPins pins)
    {
        if (!File.Exists(Path.Combine(folder, PluginManifest.FileName)) || _manifests.Exists(known => known.Folder == folder)) return;
        if (PluginManifest.Read(folder, out var mistakes) is not { } manifest)
        {
            _broken.Add((folder, mistakes));
            return;
        }
        _manifests.Add(manifest);
        if (pins.AreSet && FindPinFault(manifest, pins) is { } fault) _unpinned.Add(manifest, fault);
    }

    private static PluginFault? FindPinFault(PluginManifest manifest, PluginPins pins)
    {
        try
        {
            return pins.Find(manifest.Name, PluginCache.Hash(manifest.Folder));
        }
        catch (Exception e) when (e is PluginException or IOException or UnauthorizedAccessException)
        {
            return new($"cannot be compared with \"pins\": {e.Message}", "Remove that cause");
        }
    }

    // The target of a link can change without a change in this folder.
    private void LeaveOut(string link)
    {
        if (File.Exists(Path.Combine(link, PluginManifest.FileName)))
            _broken.Add((
                link,
                [new(
                    link, null, "",
                    "a plugin's folder must not be a link; put the folder itself there, or list the one it leads to in \"plugins\"")]));
    }
}
