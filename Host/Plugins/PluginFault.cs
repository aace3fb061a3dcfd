namespace SharedState.Host.Plugins;

/// <summary>The reason why a plugin cannot be used, and the remedy.</summary>
/// <param name="Reason">A sentence without its subject, which is the plugin, and without a full stop: <c>lacks libx.so of X
/// 1.0</c>.</param>
/// <param name="Fix">A sentence without a full stop.</param>
internal sealed record PluginFault(string Reason, string Fix)
{
    /// <summary>Reason and remedy as one message about a plugin.</summary>
    public PluginException Of(PluginManifest manifest) => new($"{manifest.Title} in {manifest.Folder} {Reason}. {Fix}");
}
