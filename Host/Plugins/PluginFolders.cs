using SharedState.Host.Configuration;

namespace SharedState.Host.Plugins;

/// <summary>The plugins that are installed. Nothing of them is loaded here: this is about their manifests.</summary>
internal sealed class PluginFolders
{
    private readonly List<PluginManifest> _manifests = [];
    private readonly List<(string Folder, IReadOnlyList<Mistake> Mistakes)> _broken = [];

    private PluginFolders(string standard, IReadOnlyList<string> searched) => (Standard, Searched) = (standard, searched);

    /// <summary>The folder beside the host, where an operator would put another plugin.</summary>
    public string Standard { get; }

    /// <summary>All folders that were searched, the standard one first.</summary>
    public IReadOnlyList<string> Searched { get; }

    public IReadOnlyList<PluginManifest> Manifests => _manifests;

    /// <summary>Plugins' folders whose manifests have mistakes: they count as not installed.</summary>
    public IReadOnlyList<(string Folder, IReadOnlyList<Mistake> Mistakes)> Broken => _broken;

    /// <summary>What is wrong with manifests, all of it.</summary>
    public IReadOnlyList<Mistake> Mistakes => [.. _broken.SelectMany(broken => broken.Mistakes)];

    public IReadOnlyList<string> Modules =>
        [.. _manifests.SelectMany(manifest => manifest.Modules).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>
    /// Reads the manifests in the folders' subfolders; a folder may also be a plugin itself. What has no plugin.json is no plugin.
    /// </summary>
    public static PluginFolders Scan(string standard, IEnumerable<string> others)
    {
        var folders = new PluginFolders(standard, [.. others.Prepend(standard).Select(Path.TrimEndingDirectorySeparator).Distinct()]);
        foreach (var folder in folders.Searched.Where(Directory.Exists))
        {
            folders.Add(folder);
            foreach (var candidate in new DirectoryInfo(folder).GetDirectories().OrderBy(candidate => candidate.Name, StringComparer.Ordinal))
            {
                if (candidate.LinkTarget is null) folders.Add(candidate.FullName);
                else folders.LeaveOut(candidate.FullName);
            }
        }
        return folders;
    }

    /// <summary>
    /// The plugin for a service: the one that claims its module and db_type, else the one that is for all others of the module. Null if there
    /// is none or no single one, with the reason; then only this service does not run.
    /// </summary>
    public PluginManifest? Find(ServiceConfig service, out string why)
    {
        var ofModule = _manifests.Where(manifest => manifest.Modules.Contains(service.Module)).ToArray();
        var exact = ofModule.Where(manifest => service.DbType is { } type && manifest.DbTypes.Contains(type)).ToArray();
        var candidates = exact.Length > 0 ? exact : [.. ofModule.Where(manifest => manifest.DbTypes.Count == 0)];
        var wanted = service.DbType is { } dbType ? $"db_type \"{dbType}\"" : "a service without db_type";
        var found = string.Join("; ", ofModule.Select(manifest => manifest.Offer));
        why = candidates.Length switch
        {
            0 => $"no plugin here is for {wanted}; found: {found}. Put a plugin for it into {Standard}, or change db_type",
            1 => "",
            _ => $"several plugins are for {wanted}: {string.Join(" and ", candidates.Select(plugin => plugin.Folder))}. Remove all but one",
        };
        return candidates.Length == 1 ? candidates[0] : null;
    }

    /// <summary>Why services cannot choose a plugin: another one claims the same of a module. Null if none does.</summary>
    public PluginFault? FindRival(PluginManifest manifest)
    {
        foreach (var module in manifest.Modules)
        {
            foreach (var type in manifest.DbTypes.DefaultIfEmpty(null))
            {
                var rival = _manifests.Find(other => other != manifest && other.Modules.Contains(module) && (type is null ? other.DbTypes.Count == 0 : other.DbTypes.Contains(type)));
                if (rival is null) continue;
                return new(
                    $"claims {(type is null ? "any other db_type" : $"db_type \"{type}\"")} of {module}, and so does {rival.Title} in {rival.Folder}",
                    "Remove one of the two, or let one plugin.json name other \"db_types\"");
            }
        }
        return null;
    }

    private void Add(string folder)
    {
        if (!File.Exists(Path.Combine(folder, PluginManifest.FileName)) || _manifests.Exists(known => known.Folder == folder)) return;
        if (PluginManifest.Read(folder, out var mistakes) is { } manifest) _manifests.Add(manifest);
        else _broken.Add((folder, mistakes));
    }

    // Where a link leads can change, and is nobody's who looks after this folder.
    private void LeaveOut(string link)
    {
        if (File.Exists(Path.Combine(link, PluginManifest.FileName)))
            _broken.Add((link, [new(link, null, "", "a plugin's folder must not be a link; put the folder itself there, or list the one it leads to in \"plugins\"")]));
    }
}
