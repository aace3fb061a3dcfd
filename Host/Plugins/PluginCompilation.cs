using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;

namespace SharedState.Host.Plugins;

/// <summary>
/// Compiles a plugin's code ahead. The runtime would compile each method at its first use, while updates wait for a swap.
/// </summary>
internal static class PluginCompilation
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>
    /// Compiles an assembly and the plugin's own libraries to which it refers. Generic code is still compiled at its first use.
    /// </summary>
    public static void Run(Assembly assembly)
    {
        var context = AssemblyLoadContext.GetLoadContext(assembly)!;
        Compile(assembly);
        foreach (var reference in assembly.GetReferencedAssemblies())
        {
            try
            {
                var library = context.LoadFromAssemblyName(reference);
                if (AssemblyLoadContext.GetLoadContext(library) == context) Compile(library);
            }
            catch (Exception e) when (e is IOException or BadImageFormatException)
            {
                // The code that needs the missing library reports it.
            }
        }
    }

    private static void Compile(Assembly assembly)
    {
        foreach (var type in Types(assembly))
        {
            if (type.ContainsGenericParameters) continue;
            foreach (var method in type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared)))
            {
                if (!method.IsAbstract && !method.ContainsGenericParameters) TryCompile(method);
            }
        }
    }

    private static IEnumerable<Type> Types(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException e)
        {
            return e.Types.OfType<Type>();
        }
    }

    private static void TryCompile(MethodBase method)
    {
        try
        {
            RuntimeHelpers.PrepareMethod(method.MethodHandle);
        }
        catch (Exception)
        {
            // A method that cannot be compiled fails at its first call, with the reason.
        }
    }
}
