namespace SharedState.Host.Plugins;

/// <summary>Why a plugin cannot be used, and what to do about it.</summary>
/// <param name="Reason">A sentence without its beginning, the plugin, and its end: <c>lacks libx.so of X 1.0</c>.</param>
/// <param name="Fix">A whole sentence but for its end.</param>
internal sealed record PluginFault(string Reason, string Fix)
{
    /// <summary>Both, about a plugin that is named.</summary>
    public PluginException Of(PluginManifest manifest) => new($"{manifest.Title} in {manifest.Folder} {Reason}. {Fix}");
}
