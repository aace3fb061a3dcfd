using System.Runtime.Loader;

namespace SharedState.Host.PluginTest;

/// <summary>
/// The folder beside the host with the tests of the contract and their libraries. The runtime does not know the folder before
/// <see cref="Use"/>, so that a server never loads them.
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
