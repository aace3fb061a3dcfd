using SharedState.Host.Configuration;

namespace SharedState.Host.Plugins;

/// <summary>The plugins that services use, each version of each loaded once. One thread at a time.</summary>
internal sealed class PluginHost(PluginCache cache, ILoggerFactory loggers)
{
    private readonly Dictionary<string, Plugin> _versions = []; // by the hash of the content; what was loaded once stays
    private readonly Dictionary<string, Reading> _readings = []; // by folder

    /// <summary>Every version that was loaded.</summary>
    public IReadOnlyCollection<Plugin> Versions => _versions.Values;

    /// <summary>Loads what a planned service needs. A plugin that cannot be used makes a refused service, not an exception.</summary>
    public ServiceSetup Set(ServicePlan plan)
    {
        if (plan.Kept is { } kept) return ServiceSetup.Ready(plan, kept, loggers);
        if (plan.Plugin is not { } manifest) return ServiceSetup.Refused(plan, plan.Refusal, loggers);
        var reading = Read(manifest);
        return reading.Plugin is { } plugin ? ServiceSetup.Ready(plan, plugin, loggers) : ServiceSetup.Refused(plan, reading.Failure, loggers);
    }

    /// <summary>Has each folder read again when it is asked for, whether it looks changed or not.</summary>
    public void Forget() => _readings.Clear();

    /// <summary>What is in a plugin's folder: looked at as a whole only when something about its files has changed.</summary>
    private Reading Read(PluginManifest manifest)
    {
        var stamp = FolderStamp.Of(manifest.Folder); // first: what changes from now on is another stamp
        if (_readings.TryGetValue(manifest.Folder, out var known) && known.Stamp == stamp) return known;
        Reading reading;
        try
        {
            var copy = cache.Copy(manifest.Folder);
            if (!_versions.TryGetValue(Path.GetFileName(copy), out var plugin))
                _versions.Add(Path.GetFileName(copy), plugin = Plugin.Load(manifest, copy));
            reading = new(stamp, plugin, "");
        }
        catch (PluginException e)
        {
            reading = new(stamp, null, e.Message);
        }
        return _readings[manifest.Folder] = reading;
    }

    private sealed record Reading(string Stamp, Plugin? Plugin, string Failure);
}
