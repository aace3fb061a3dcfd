using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace SharedState.Host.Plugins;

/// <summary>
/// Finds out, by reading alone, what the runtime would say too late or not at all: at first use, in a cast, or as "file not found" for a file
/// that is there.
/// </summary>
internal static class PluginPreflight
{
    /// <summary>
    /// The types that host and plugins exchange. Their assemblies, and what those refer to, are always the host's; all else is each
    /// plugin's own.
    /// </summary>
    public static readonly Type[] SharedTypes = [typeof(IItemService), typeof(ILogger)];

    private static readonly AssemblyName[] Shared = [.. SharedTypes.Select(type => type.Assembly.GetName())];

    /// <param name="manifest">The plugin.</param>
    /// <param name="folder">Where to look: the copy that will be loaded.</param>
    /// <exception cref="PluginException">The plugin cannot work here.</exception>
    public static void Check(PluginManifest manifest, string folder)
    {
        var assembly = Path.Combine(folder, manifest.Assembly);
        if (!File.Exists(assembly))
            throw Wrong(manifest, $"has no file {manifest.Assembly}, which its plugin.json names as \"assembly\"; copy the whole build output there");
        CheckReferences(manifest, assembly);
        foreach (var shared in Shared)
        {
            // If the plugin brings a newer copy, the loader would take that: then no type of the plugin is one of the host's.
            var copy = Path.Combine(folder, shared.Name + ".dll");
            if (File.Exists(copy) && AssemblyName.GetAssemblyName(copy) is { Version: { } version } && version > shared.Version)
                throw Newer(manifest, shared, version);
        }
        CheckLibraries(manifest, folder, Path.ChangeExtension(assembly, ".deps.json"));
    }

    private static void CheckReferences(PluginManifest manifest, string assembly)
    {
        using var stream = File.OpenRead(assembly);
        try
        {
            using var image = new PEReader(stream);
            var metadata = image.HasMetadata ? image.GetMetadataReader() : throw new BadImageFormatException();
            foreach (var reference in metadata.AssemblyReferences.Select(metadata.GetAssemblyReference))
            {
                var name = metadata.GetString(reference.Name);
                if (name == "System.Runtime" && reference.Version.Major > Environment.Version.Major)
                    throw Wrong(manifest, $"is built for .NET {reference.Version.ToString(2)}; this host runs on .NET {Environment.Version}. " +
                        $"Build the plugin for .NET {Environment.Version.Major}, or take a newer host");
                if (Shared.FirstOrDefault(shared => shared.Name == name) is { } shared && reference.Version > shared.Version)
                    throw Newer(manifest, shared, reference.Version);
            }
        }
        catch (BadImageFormatException)
        {
            throw Wrong(manifest, $"has a {manifest.Assembly} that is no .NET assembly; \"assembly\" in its plugin.json must name the plugin's own .dll");
        }
    }

    /// <summary>What <c>deps.json</c> lists must be there: managed libraries, and the native ones of this platform.</summary>
    private static void CheckLibraries(PluginManifest manifest, string folder, string depsFile)
    {
        var name = Path.GetFileName(depsFile);
        if (!File.Exists(depsFile))
            throw Wrong(manifest, $"has no {name}, without which its libraries are not found; copy the whole build output there");
        try
        {
            using var deps = JsonDocument.Parse(File.ReadAllBytes(depsFile));
            foreach (var target in deps.RootElement.GetProperty("targets").EnumerateObject())
            {
                foreach (var library in target.Value.EnumerateObject())
                {
                    var missing = Assets(library.Value).FirstOrDefault(asset => !File.Exists(Path.Combine(folder, asset)));
                    if (missing is not null)
                        throw Wrong(manifest, $"lacks {missing} of {library.Name.Replace('/', ' ')}; copy the whole build output there");
                }
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw Wrong(manifest, $"has a damaged {name}; copy the whole build output there");
        }
    }

    /// <summary>
    /// The files of one library, as the build places them: those for all platforms side by side, the others in <c>runtimes/</c>.
    /// </summary>
    private static IEnumerable<string> Assets(JsonElement library)
    {
        foreach (var kind in new[] { "runtime", "native" })
        {
            if (!library.TryGetProperty(kind, out var assets)) continue;
            foreach (var asset in assets.EnumerateObject()) yield return Path.GetFileName(asset.Name);
        }
        if (!library.TryGetProperty("runtimeTargets", out var targets)) yield break;
        foreach (var asset in targets.EnumerateObject())
        {
            if (asset.Value.GetProperty("rid").GetString() == RuntimeInformation.RuntimeIdentifier) yield return asset.Name;
        }
    }

    private static PluginException Newer(PluginManifest manifest, AssemblyName shared, Version version) =>
        Wrong(manifest, $"is built for {shared.Name} {version.ToString(3)}; this host has {shared.Version!.ToString(3)}. " +
            $"Take a newer host, or a plugin built for {shared.Version.ToString(2)}");

    private static PluginException Wrong(PluginManifest manifest, string what) => new($"{manifest.Title} in {manifest.Folder} {what}");
}
