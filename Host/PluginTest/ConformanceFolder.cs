using System.Runtime.Loader;

namespace SharedState.Host.PluginTest;

/// <summary>
/// The folder beside the host with the contract's tests and what they need. Nothing of it is known to the runtime before it is asked for here, so that a
/// server never loads it.
/// </summary>
internal static class ConformanceFolder
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "conformance");

    public static void Use() => AssemblyLoadContext.Default.Resolving += (context, name) =>
    {
        var file = Path.Combine(Folder, name.Name + ".dll");
        return File.Exists(file) ? context.LoadFromAssemblyPath(file) : null;
    };
}
