using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace SharedState.Host.Plugins;

/// <summary>
/// Finds faults of a plugin by reading its files. The runtime would report them too late or not at all: at first use, in a cast, as "file
/// not found" for a file that is there, or by the end of the process.
/// </summary>
internal static class PluginPreflight
{
    /// <summary>
    /// The types that host and plugins exchange. Their assemblies, and those to which these refer, are always the host's; all other
    /// assemblies are each plugin's own.
    /// </summary>
    public static readonly Type[] SharedTypes = [typeof(IItemService), typeof(ILogger)];

    private const string CopyAll = "Copy the whole build output there";

    private static readonly AssemblyName[] Shared = [.. SharedTypes.Select(type => type.Assembly.GetName())];

    private static readonly AssemblyName Contract = Shared[0];

    /// <summary>The contract of this host: <c>1.1</c>.</summary>
    public static string ContractVersion { get; } = Contract.Version!.ToString(2);

    /// <param name="manifest">The plugin.</param>
    /// <param name="folder">The folder to look at: the copy that will be loaded.</param>
    /// <exception cref="PluginException">The plugin cannot work here.</exception>
    public static void Check(PluginManifest manifest, string folder)
    {
        if (Find(manifest, folder) is { } fault) throw fault.Of(manifest);
    }

    /// <summary>Says why the plugin cannot work here; null if no fault is found.</summary>
    public static PluginFault? Find(PluginManifest manifest, string folder)
    {
        var path = Path.Combine(folder, manifest.Assembly);
        if (!File.Exists(path)) return new($"has no file {manifest.Assembly}, which its plugin.json names as \"assembly\"", CopyAll);
        if (FindInFiles(folder) is { } damage) return damage;
        if (PluginAssembly.Read(path) is not { } assembly)
            return new($"has a {manifest.Assembly} that is no .NET assembly",
                "Name the plugin's own .dll as \"assembly\" in its plugin.json");
        return FindInReferences(assembly)
            ?? FindInCopies(folder)
            ?? FindInServices(manifest, assembly)
            ?? FindInLibraries(folder, Path.ChangeExtension(path, ".deps.json"));
    }

    /// <summary>
    /// Names libraries that the plugin brings in vain, because the host's own are used, as sentences without the plugin. They do no harm.
    /// </summary>
    public static IEnumerable<string> Remarks(string folder) =>
        from shared in Shared
        where File.Exists(Copy(folder, shared))
        select $"brings its own {shared.Name}.dll, which is not used, since the host's is; " +
            "leave it out by ExcludeAssets=\"runtime\" at the reference to it";

    /// <summary>Finds a library that was copied in part. Loading one ends the process.</summary>
    private static PluginFault? FindInFiles(string folder)
    {
        foreach (var file in PluginFiles.In(folder))
        {
            if (ImageFile.FindDamage(file.Path) is { } damage)
                return new($"has an incomplete file: {file.Name} {damage}", "Copy it there again");
        }
        return null;
    }

    private static PluginFault? FindInReferences(PluginAssembly assembly)
    {
        if (assembly.References["System.Runtime"].FirstOrDefault() is { } runtime && runtime.Major > Environment.Version.Major)
        {
            return new($"is built for .NET {runtime.ToString(2)}; this host runs on .NET {Environment.Version}",
                $"Build the plugin for .NET {Environment.Version.Major}, or take a newer host");
        }
        if (assembly.ContractVersion is { } contract && (contract > Contract.Version || contract.Major < Contract.Version!.Major))
        {
            return new($"is built for contract {contract.ToString(2)}; this host has {ContractVersion}",
                contract.Major < Contract.Version!.Major
                    ? $"Take a plugin built for contract {Contract.Version.Major}.0 to {ContractVersion}"
                    : $"Take a newer host, or a plugin built for contract {ContractVersion}");
        }
        return Shared.FirstOrDefault(shared => assembly.References[shared.Name!].Any(version => version > shared.Version)) is { } old
            ? Newer(old, assembly.References[old.Name!].First())
            : null;
    }

    /// <summary>
    /// Finds a copy of a shared assembly that is newer than the host's: the loader would take it, and no type of the plugin would be one of
    /// the host's.
    /// </summary>
    private static PluginFault? FindInCopies(string folder)
    {
        foreach (var shared in Shared)
        {
            var copy = Copy(folder, shared);
            if (File.Exists(copy) && AssemblyName.GetAssemblyName(copy).Version is { } version && version > shared.Version)
            {
                return Newer(shared, version) with
                {
                    Reason = $"brings its own {shared.Name}.dll {version.ToString(3)}, " +
                        $"newer than this host's {shared.Version!.ToString(3)}",
                };
            }
        }
        return null;
    }

    private static PluginFault? FindInServices(PluginManifest manifest, PluginAssembly assembly) => assembly.Services switch
    {
        [] => new($"has no public class in {manifest.Assembly} that implements {typeof(IItemService).FullName}",
            "Make that class public, or name the assembly that holds it as \"assembly\" in plugin.json"),
        [_, _, ..] services => new($"has several services, {string.Join(" and ", services)}; only one class may be public",
            "Make the others internal"),
        _ => null,
    };

    /// <summary>
    /// Finds a library that <c>deps.json</c> lists and the folder lacks: managed ones, and the native ones of this platform.
    /// </summary>
    private static PluginFault? FindInLibraries(string folder, string depsFile)
    {
        var name = Path.GetFileName(depsFile);
        if (!File.Exists(depsFile)) return new($"has no {name}, without which its libraries are not found", CopyAll);
        try
        {
            using var deps = JsonDocument.Parse(File.ReadAllBytes(depsFile));
            foreach (var target in deps.RootElement.GetProperty("targets").EnumerateObject())
            {
                foreach (var library in target.Value.EnumerateObject())
                {
                    var missing = Assets(library.Value).FirstOrDefault(asset => !File.Exists(Path.Combine(folder, asset.Path)));
                    if (missing.Path is not null)
                    {
                        var kind = missing.Native ? "the native library " : "";
                        return new($"lacks {kind}{missing.Path} of {library.Name.Replace('/', ' ')}", CopyAll);
                    }
                }
            }
            return null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return new($"has a damaged {name}", CopyAll);
        }
    }

    /// <summary>
    /// Lists the files of one library as the build places them: those for all platforms side by side, the others in <c>runtimes/</c>.
    /// </summary>
    private static IEnumerable<(string Path, bool Native)> Assets(JsonElement library)
    {
        foreach (var kind in new[] { "runtime", "native" })
        {
            if (!library.TryGetProperty(kind, out var assets)) continue;
            foreach (var asset in assets.EnumerateObject()) yield return (Path.GetFileName(asset.Name), kind == "native");
        }
        if (!library.TryGetProperty("runtimeTargets", out var targets)) yield break;
        foreach (var asset in targets.EnumerateObject())
        {
            if (asset.Value.GetProperty("rid").GetString() == RuntimeInformation.RuntimeIdentifier)
                yield return (asset.Name, asset.Value.TryGetProperty("assetType", out var type) && type.GetString() == "native");
        }
    }

    private static string Copy(string folder, AssemblyName shared) => Path.Combine(folder, shared.Name + ".dll");

    private static PluginFault Newer(AssemblyName shared, Version version) => new(
        $"is built for {shared.Name} {version.ToString(3)}; this host has {shared.Version!.ToString(3)}",
        $"Take a newer host, or a plugin built for {shared.Version.ToString(2)}");
}
