using System.Text.Json;
using SharedState.Host.Configuration;
using SharedState.Host.Plugins;

namespace SharedState.Host.PluginTest;

/// <summary>The plugin that is tested, loaded just as the host loads one for a service of a configuration file.</summary>
internal sealed class TestedPlugin
{
    private readonly ServiceSetup _setup;

    private TestedPlugin(PluginManifest manifest, ServiceSetup setup, IReadOnlyDictionary<string, string> config) => (Manifest, _setup, Config) = (manifest, setup, config);

    public PluginManifest Manifest { get; }

    /// <summary>The values of the service's <c>config</c>, with <c>{new}</c> where it stands.</summary>
    public IReadOnlyDictionary<string, string> Config { get; }

    public IItemService Create() => _setup.Create();

    /// <exception cref="PluginException">It cannot be used; the message says why.</exception>
    public static TestedPlugin Load(string folder, IReadOnlyDictionary<string, string> config, ILoggerFactory loggers)
    {
        // :: 1. What the folder says of itself, for a configuration that names it.
        if (!File.Exists(Path.Combine(folder, PluginManifest.FileName)))
            throw new PluginException($"there is no {PluginManifest.FileName} in {folder}; name the folder that dotnet publish puts out");
        var manifest = PluginManifest.Read(folder, out var wrong) ?? throw new PluginException(string.Join(Environment.NewLine, wrong));

        // :: 2. A configuration file with one service, read and checked like any.
        using var scratch = new TemporaryFolder();
        var file = Path.Combine(scratch.Path, "plugins.json");
        File.WriteAllText(file, Configuration(manifest, config));
        using var installation = Installation.Read(file, Path.Combine(scratch.Path, "none"), listen: false);
        if (installation.Mistakes is [_, ..] mistakes)
            throw new PluginException(string.Join(Environment.NewLine, mistakes.Select(mistake => $"{mistake.Sentence}. Say it by --config KEY=VALUE")));

        // :: 3. Looked over, copied to the cache and loaded.
        var plan = installation.Plans.Single();
        var setup = new PluginHost(PluginCache.ForUser(loggers), loggers).Set(plan);
        return setup.Refusal is null ? new(manifest, setup, plan.Values) : throw new PluginException(setup.Refusal);
    }

    private static string Configuration(PluginManifest manifest, IReadOnlyDictionary<string, string> config)
    {
        var values = new Dictionary<string, object>();
        if (manifest.DbTypes is [var type, ..]) values["db_type"] = type;
        // A storage without a name would be the same one for every test.
        if (manifest.Config is null || manifest.Config.Any(key => key is { Name: "db_name", Ignored: false })) values["db_name"] = "{new}";
        foreach (var (name, text) in config) values[name] = Typed(manifest.Config?.FirstOrDefault(key => key.Name == name), text);
        var service = new { name = "items", module = manifest.Modules[0], config = values };
        return JsonSerializer.Serialize(new { plugins = new[] { manifest.Folder }, services = new[] { service } });
    }

    /// <summary>A value as it would stand in the file: what is typed on a command line is all text.</summary>
    private static object Typed(ConfigKey? key, string text) => key?.Type switch
    {
        "integer" when long.TryParse(text, out var number) => number,
        "boolean" when bool.TryParse(text, out var fact) => fact,
        _ => text,
    };
}
