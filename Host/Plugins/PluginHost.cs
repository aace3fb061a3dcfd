namespace SharedState.Host.Plugins;

/// <summary>The loaded plugins. Each version of a plugin is loaded once, and stays loaded. One thread at a time.</summary>
internal sealed class PluginHost(PluginCache cache)
{
    private readonly Dictionary<string, Plugin> _versions = []; // by the hash of the content
    private readonly Dictionary<string, string> _failures = []; // by the hash of the content: the reason; another attempt would fail again
    private readonly Dictionary<string, (string Stamp, PluginCopy Copy)> _copies = []; // by folder

    /// <summary>Every version that was loaded.</summary>
    public IReadOnlyCollection<Plugin> Versions => _versions.Values;

    /// <summary>
    /// Copies a plugin's folder to the cache and loads the copy, or returns the plugin that was loaded from the same content.
    /// </summary>
    /// <exception cref="PluginException">The plugin cannot be used, or the pins do not allow its content.</exception>
    public Plugin Load(PluginManifest manifest, PluginPins pins)
    {
        var copy = Copy(manifest, pins);
        try
        {
            // The manifest was read from the folder, where it could be exchanged before the copy was made and checked.
            if (PluginManifest.Read(copy.Folder, out _)?.ContentHash != manifest.ContentHash) throw PluginFile.Changing(manifest.Folder);
            return Load(manifest, copy);
        }
        catch (PluginException)
        {
            if (!_versions.ContainsKey(copy.Hash)) GiveBack(manifest.Folder, copy);
            throw;
        }
    }

    /// <summary>Forgets copies and failures, so that the next load reads a folder even if it looks unchanged.</summary>
    public void Forget()
    {
        _copies.Clear();
        _failures.Clear();
    }

    /// <summary>The copy of a plugin's folder. The folder is read completely only if its files look changed.</summary>
    private PluginCopy Copy(PluginManifest manifest, PluginPins pins)
    {
        var folder = manifest.Folder;
        var stamp = FolderStamp.Of(folder); // before the copy: a later change gets another stamp
        if (_copies.TryGetValue(folder, out var known) && known.Stamp == stamp)
        {
            pins.Check(manifest, known.Copy.Hash);
            return known.Copy;
        }
        var copy = cache.Copy(folder, hash => pins.Check(manifest, hash));
        _copies[folder] = (stamp, copy);
        return copy;
    }

    /// <summary>Lets the cache delete a copy that was not loaded. If it is needed again, it is made again.</summary>
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
