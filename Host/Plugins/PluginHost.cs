using SharedState.Host.Configuration;

namespace SharedState.Host.Plugins;

/// <summary>The plugins that services use, each version of each loaded once. One thread at a time.</summary>
internal sealed class PluginHost(PluginCache cache, ILoggerFactory loggers)
{
    private readonly Dictionary<string, Plugin> _versions = []; // by the hash of the content; what was loaded once stays
    private readonly Dictionary<string, string> _failures = []; // by the hash: why it can't be loaded, which another attempt would not mend
    private readonly Dictionary<string, (string Stamp, PluginCopy Copy)> _copies = []; // by folder

    /// <summary>Every version that was loaded.</summary>
    public IReadOnlyCollection<Plugin> Versions => _versions.Values;

    /// <summary>Loads what a planned service needs. A plugin that cannot be used makes a refused service, not an exception.</summary>
    public ServiceSetup Set(ServicePlan plan)
    {
        if (plan.Plugin is not { } manifest) return ServiceSetup.Refused(plan, plan.Refusal, loggers);
        PluginCopy? copy = null;
        try
        {
            copy = plan.Kept is null ? Copy(manifest.Folder) : null;
            plan.Pins.Check(manifest, plan.Kept?.ContentHash ?? copy!.Hash);
            return ServiceSetup.Ready(plan, plan.Kept ?? Load(manifest, copy!), loggers);
        }
        catch (PluginException e)
        {
            if (copy is not null && !_versions.ContainsKey(copy.Hash)) GiveBack(manifest.Folder, copy);
            return ServiceSetup.Refused(plan, e.Message, loggers);
        }
    }

    /// <summary>Has each folder read again when it is asked for, whether it looks changed or not.</summary>
    public void Forget()
    {
        _copies.Clear();
        _failures.Clear();
    }

    /// <summary>The copy of what is in a plugin's folder, which is read as a whole only when something about its files has changed.</summary>
    private PluginCopy Copy(string folder)
    {
        var stamp = FolderStamp.Of(folder); // first: what changes from now on is another stamp
        if (_copies.TryGetValue(folder, out var known) && known.Stamp == stamp) return known.Copy;
        var copy = cache.Copy(folder);
        _copies[folder] = (stamp, copy);
        return copy;
    }

    /// <summary>Lets the cache delete a copy that was not loaded; if it is wanted again, it is made again.</summary>
    private void GiveBack(string folder, PluginCopy copy)
    {
        _copies.Remove(folder);
        cache.Release(copy);
    }

    private Plugin Load(PluginManifest manifest, PluginCopy copy)
    {
        if (_versions.TryGetValue(copy.Hash, out var loaded)) return loaded;
        if (_failures.TryGetValue(copy.Hash, out var why)) throw new PluginException(why);
        try
        {
            var plugin = Plugin.Load(manifest, copy);
            _versions.Add(copy.Hash, plugin);
            return plugin;
        }
        catch (PluginException e)
        {
            _failures.Add(copy.Hash, e.Message);
            throw;
        }
    }
}
