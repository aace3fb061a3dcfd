using SharedState.Host.JsonFiles;
using SharedState.Host.Plugins;

namespace SharedState.Host.Listing;

/// <summary>Inspects a plugin folder. Runs no code of the plugin and writes nothing.</summary>
internal static class PluginInspection
{
    public static ListedPlugin Of(PluginManifest manifest, PluginFolders folders, PluginPins pins)
    {
        var plugin = new ListedPlugin
        {
            Name = manifest.Name,
            Version = manifest.Version,
            Folder = manifest.Folder,
            Modules = manifest.Modules,
            DbTypes = manifest.DbTypes,
            Config = manifest.Config?.Select(key => new ListedKey(key)).ToArray(),
        };
        try
        {
            var assembly = Path.Combine(manifest.Folder, manifest.Assembly);
            var hash = PluginCache.Hash(manifest.Folder);
            var pinFault = pins.Find(manifest.Name, hash);
            return plugin with
            {
                Contract = File.Exists(assembly) ? PluginAssembly.Read(assembly)?.ContractVersion?.ToString(2) : null,
                Sha256 = hash,
                Pinned = pins.AreSet ? pinFault is null : null,
                Fault = PluginPreflight.Find(manifest, manifest.Folder) ?? folders.FindRival(manifest) ?? pinFault,
                Remarks = [.. PluginPreflight.Remarks(manifest.Folder)],
            };
        }
        catch (PluginException e)
        {
            return plugin with { Fault = new($"cannot be copied: {e.Message}", "Replace links by files") };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or BadImageFormatException)
        {
            var fix = "Give this user the right to read the whole folder, or copy it again";
            return plugin with { Fault = new($"cannot be read: {JsonFile.Reason(e)}", fix) };
        }
    }

    /// <summary>A plugin whose manifest has mistakes.</summary>
    public static ListedPlugin OfBroken(string folder, IReadOnlyList<Mistake> mistakes) => new()
    {
        Name = Path.GetFileName(folder),
        Folder = folder,
        Fault = new($"is left out: {string.Join("; ", mistakes)}", "Correct the named mistake"),
    };

    /// <summary>A plugin that the host runs and whose folder was removed.</summary>
    public static ListedPlugin OfGone(LoadedPlugin gone) => new()
    {
        Name = gone.Name,
        Version = gone.Version,
        Folder = gone.Folder,
        Fault = new(
            "is no longer in its folder; the host continues with its copy", "Put it back, or remove its services from the configuration"),
    };
}
