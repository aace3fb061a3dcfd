using System.Diagnostics;
using System.Reflection;
using System.Runtime.Loader;
using McMaster.NETCore.Plugins;

namespace SharedState.Host.Plugins;

/// <summary>
/// A loaded plugin: one load context, shared by all services that use it. It is never unloaded, because database drivers cannot be.
/// </summary>
internal sealed class Plugin
{
    private readonly Type _service;
    private readonly PluginCopy _copy;

    private Plugin(PluginManifest manifest, PluginCopy copy, Type service) => (Manifest, _copy, _service) = (manifest, copy, service);

    public PluginManifest Manifest { get; }

    /// <summary>SHA-256 of the names and contents of what was loaded: 64 hex digits.</summary>
    public string ContentHash => _copy.Hash;

    /// <summary>Loads a plugin from its copy in the cache. Runs none of its code but module initializers.</summary>
    /// <exception cref="PluginException">The plugin cannot be used here.</exception>
    public static Plugin Load(PluginManifest manifest, PluginCopy copy)
    {
        try
        {
            PluginPreflight.Check(manifest, copy.Folder);
            var loader = PluginLoader.CreateFromAssemblyFile(
                Path.Combine(copy.Folder, manifest.Assembly),
                PluginPreflight.SharedTypes,
                // Otherwise a plugin would get the host's copy of any library that both have, whatever version it was built for.
                config => config.PreferSharedTypes = false);
            return new(manifest, copy, TheService(manifest, loader.LoadDefaultAssembly().GetExportedTypes()));
        }
        catch (Exception e) when (e is IOException or BadImageFormatException or TypeLoadException or ReflectionTypeLoadException
            or InvalidOperationException or UnauthorizedAccessException)
        {
            throw new PluginException($"{manifest.Title} in {manifest.Folder} cannot be loaded: {e.Message}", e);
        }
    }

    /// <summary>Makes a new instance for one service. Runs the plugin's constructor, which may block.</summary>
    /// <exception cref="ItemServiceException">The constructor failed; another attempt would not help.</exception>
    public IItemService Create()
    {
        try
        {
            return (IItemService)Activator.CreateInstance(_service)!;
        }
        catch (TargetInvocationException e) when (e.InnerException is { } inner)
        {
            var reason = $"{inner.GetType().Name}: {inner.Message}";
            throw Unusable($"the constructor of {_service.FullName} in {Manifest.Title} failed: {reason}", inner);
        }
        catch (Exception e) when (e is IOException or BadImageFormatException or TypeLoadException or MissingMethodException)
        {
            throw Unusable($"{_service.FullName} in {Manifest.Title} cannot be created: {e.Message}", e);
        }
    }

    /// <summary>Compiles the plugin's code before any update waits for it. Takes about a second of a processor.</summary>
    public void Compile() => PluginCompilation.Run(_service.Assembly);

    /// <summary>
    /// Adds up the sizes of the plugin's files that are in memory: assemblies and native libraries, each loaded at its first use.
    /// </summary>
    public long LoadedBytes()
    {
        var assemblies = AssemblyLoadContext.GetLoadContext(_service.Assembly)!.Assemblies.Select(assembly => assembly.Location);
        using var process = Process.GetCurrentProcess();
        var modules = process.Modules.Cast<ProcessModule>().Select(module => module.FileName);
        return assemblies.Concat(modules).Distinct()
            .Where(file => file.StartsWith(_copy.Folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            .Select(file => new FileInfo(file))
            .Sum(file => file.Exists ? file.Length : 0);
    }

    private static ItemServiceException Unusable(string message, Exception inner) => new(ItemServiceFault.Unusable, message, inner);

    private static Type TheService(PluginManifest manifest, Type[] types)
    {
        var contract = typeof(IItemService);
        var services = types.Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(contract)).ToArray();
        if (services is [var service])
        {
            return service.GetConstructor(Type.EmptyTypes) is not null ? service
                : throw Wrong(manifest, $"must give {service.FullName} a public constructor without parameters");
        }
        if (services.Length > 1)
        {
            var names = string.Join(" and ", services.Select(type => type.FullName));
            throw Wrong(manifest, $"has several services, {names}; only one class may be public");
        }
        var foreign = types.SelectMany(type => type.GetInterfaces())
            .FirstOrDefault(type => type.FullName == contract.FullName && type != contract);
        throw Wrong(manifest, foreign is null
            ? $"has no public class in {manifest.Assembly} that implements {contract.FullName}"
            : $"implements a {contract.FullName} of its own, from {foreign.Assembly.GetName()}; refer to SharedState.Abstractions instead");
    }

    private static PluginException Wrong(PluginManifest manifest, string what) => new($"{manifest.Title} in {manifest.Folder} {what}");
}
