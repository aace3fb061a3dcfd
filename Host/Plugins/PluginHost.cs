using SharedState.Host.Configuration;

namespace SharedState.Host.Plugins;

/// <summary>The plugins that services use, each version of each loaded once. One thread at a time.</summary>
internal sealed class PluginHost(PluginCache cache, ILoggerFactory loggers)
{
    private readonly Dictionary<string, Plugin> _versions = []; // by the copy; what was loaded once stays
    private readonly Dictionary<string, string> _failures = []; // by the copy: why it can't be loaded, which another attempt would not mend
    private readonly Dictionary<string, (string Stamp, string Copy)> _copies = []; // by folder

    /// <summary>Every version that was loaded.</summary>
    public IReadOnlyCollection<Plugin> Versions => _versions.Values;

    /// <summary>Loads what a planned service needs. A plugin that cannot be used makes a refused service, not an exception.</summary>
    public ServiceSetup Set(ServicePlan plan)
    {
        if (plan.Plugin is not { } manifest) return ServiceSetup.Refused(plan, plan.Refusal, loggers);
        try
        {
            var copy = plan.Kept is null ? Copy(manifest.Folder) : "";
            plan.Pins.Check(manifest, plan.Kept?.ContentHash ?? Path.GetFileName(copy));
            return ServiceSetup.Ready(plan, plan.Kept ?? Load(manifest, copy), loggers);
        }
        catch (PluginException e)
        {
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
    private string Copy(string folder)
    {
        var stamp = FolderStamp.Of(folder); // first: what changes from now on is another stamp
        if (_copies.TryGetValue(folder, out var known) && known.Stamp == stamp) return known.Copy;
        var copy = cache.Copy(folder);
        _copies[folder] = (stamp, copy);
        return copy;
    }

    private Plugin Load(PluginManifest manifest, string copy)
    {
        if (_versions.TryGetValue(copy, out var loaded)) return loaded;
        if (_failures.TryGetValue(copy, out var why)) throw new PluginException(why);
        try
        {
            var plugin = Plugin.Load(manifest, copy);
            _versions.Add(copy, plugin);
            return plugin;
        }
        catch (PluginException e)
        {
            _failures.Add(copy, e.Message);
            throw;
        }
    }
}
