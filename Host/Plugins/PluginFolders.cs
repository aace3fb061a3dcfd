using SharedState.Host.Configuration;

namespace SharedState.Host.Plugins;

/// <summary>The plugins that are installed. Nothing of them is loaded here: this is about their manifests.</summary>
internal sealed class PluginFolders
{
    private readonly List<PluginManifest> _manifests = [];
    private readonly List<Mistake> _mistakes = [];

    private PluginFolders(string standard) => Standard = standard;

    /// <summary>The folder beside the host, where an operator would put another plugin.</summary>
    public string Standard { get; }

    public IReadOnlyList<PluginManifest> Manifests => _manifests;

    /// <summary>What is wrong with manifests; their plugins count as not installed.</summary>
    public IReadOnlyList<Mistake> Mistakes => _mistakes;

    public IReadOnlyList<string> Modules =>
        [.. _manifests.SelectMany(manifest => manifest.Modules).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>
    /// Reads the manifests in the folders' subfolders; a folder may also be a plugin itself. What has no plugin.json is no plugin.
    /// </summary>
    public static PluginFolders Scan(string standard, IEnumerable<string> others)
    {
        var folders = new PluginFolders(standard);
        foreach (var folder in others.Prepend(standard).Select(Path.TrimEndingDirectorySeparator).Distinct().Where(Directory.Exists))
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

    private void Add(string folder)
    {
        if (!File.Exists(Path.Combine(folder, PluginManifest.FileName)) || _manifests.Exists(known => known.Folder == folder)) return;
        if (PluginManifest.Read(folder, out var mistakes) is { } manifest) _manifests.Add(manifest);
        else _mistakes.AddRange(mistakes);
    }

    // Where a link leads can change, and is nobody's who looks after this folder.
    private void LeaveOut(string link)
    {
        if (File.Exists(Path.Combine(link, PluginManifest.FileName)))
            _mistakes.Add(new(link, null, "", "a plugin's folder must not be a link; put the folder itself there, or list the one it leads to in \"plugins\""));
    }
}
