using System.Text.Json;
using SharedState.Host.JsonFiles;
using SharedState.Host.Plugins;
using SharedState.Host.Services;

namespace SharedState.Host.PluginTest;

/// <summary>The tested plugin, loaded as the host loads a plugin for a service of a configuration file.</summary>
internal sealed class TestedPlugin
{
    private readonly Plugin _plugin;

    private TestedPlugin(Plugin plugin, IReadOnlyDictionary<string, string> config) => (_plugin, Config) = (plugin, config);

    public PluginManifest Manifest => _plugin.Manifest;

    /// <summary>The values of the service's <c>config</c>, with <c>{new}</c> not replaced.</summary>
    public IReadOnlyDictionary<string, string> Config { get; }

    public IItemService Create() => _plugin.Create();

    /// <exception cref="PluginException">The plugin cannot be used; the message says why.</exception>
    public static TestedPlugin Load(string folder, IReadOnlyDictionary<string, string> config, ILoggerFactory loggers)
    {
        // :: 1. Read the manifest, for a configuration that uses the plugin.
        if (!File.Exists(Path.Combine(folder, PluginManifest.FileName)))
            throw new PluginException($"there is no {PluginManifest.FileName} in {folder}; name the folder that dotnet publish puts out");
        var manifest = PluginManifest.Read(folder, out var wrong) ?? throw new PluginException(string.Join(Environment.NewLine, wrong));

        // :: 2. Read and check a configuration file with one service.
        using var scratch = new TemporaryFolder();
        var file = Path.Combine(scratch.Path, "plugins.json");
        File.WriteAllText(file, Configuration(manifest, config));
        using var installation = Installation.Read(file, Path.Combine(scratch.Path, "none"), listen: false);
        if (installation.Mistakes is [_, ..] mistakes)
        {
            var sentences = mistakes.Select(mistake => $"{Key(mistake)}{mistake.Sentence}. Say it by --config KEY=VALUE");
            throw new PluginException(string.Join(Environment.NewLine, sentences));
        }

        // :: 3. Check the plugin, copy it to the cache and load it.
        var plan = installation.Plans.Single().Load(new(PluginCache.ForUser(loggers)), loggers);
        return plan.Plugin is { } plugin ? new(plugin, plan.Values) : throw new PluginException(plan.Refusal!);
    }

    /// <summary>The key that a mistake is about, as on the command line; empty if it is about none.</summary>
    private static string Key(Mistake mistake)
    {
        const string Above = "services[0].config.";
        return mistake.Path.StartsWith(Above, StringComparison.Ordinal) ? $"{mistake.Path[Above.Length..]}: " : "";
    }

    private static string Configuration(PluginManifest manifest, IReadOnlyDictionary<string, string> config)
    {
        var values = new Dictionary<string, object>();
        if (manifest.DbTypes is [var type, ..]) values["db_type"] = type;
        // Without a name, all tests would share one storage.
        if (manifest.Config is null || manifest.Config.Any(key => key is { Name: "db_name", Ignored: false })) values["db_name"] = "{new}";
        foreach (var (name, text) in config) values[name] = Typed(manifest.Config?.FirstOrDefault(key => key.Name == name), text);
        var service = new { name = "items", module = manifest.Modules[0], config = values };
        return JsonSerializer.Serialize(new { plugins = new[] { manifest.Folder }, services = new[] { service } });
    }

    /// <summary>A text of the command line as a value of the file.</summary>
    private static object Typed(ConfigKey? key, string text) => key?.Type switch
    {
        "integer" when long.TryParse(text, out var number) => number,
        "boolean" when bool.TryParse(text, out var fact) => fact,
        _ => text,
    };
}
