using SharedState.Host.Configuration;
using SharedState.Host.Plugins;

namespace SharedState.Host.Listing;

/// <summary>Looks into a plugin's folder. Nothing of it is run, and nothing is written.</summary>
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
            return plugin with { Fault = new($"cannot be copied: {e.Message}", "Put files there and no links") };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or BadImageFormatException)
        {
            return plugin with { Fault = new($"cannot be read: {JsonFile.Reason(e)}", "Give this user the right to read all of it, or copy it anew") };
        }
    }

    /// <summary>A plugin whose manifest has mistakes.</summary>
    public static ListedPlugin OfBroken(string folder, IReadOnlyList<Mistake> mistakes) => new()
    {
        Name = Path.GetFileName(folder),
        Folder = folder,
        Fault = new($"is left out: {string.Join("; ", mistakes)}", "Mend what that names"),
    };

    /// <summary>A plugin that the host runs and whose folder is no longer there.</summary>
    public static ListedPlugin OfGone(LoadedPlugin gone) => new()
    {
        Name = gone.Name,
        Version = gone.Version,
        Folder = gone.Folder,
        Fault = new("is no longer in its folder; the host runs on with its copy", "Put it back, or take its services out of the configuration"),
    };
}
