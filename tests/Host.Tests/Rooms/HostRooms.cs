using ArchUnitNET.Loader;
using SharedState.Host.Collections;

namespace SharedState.Host.Tests.Rooms;

/// <summary>The rooms (folders, and so namespaces) of the compiled host, and their dependencies on each other.</summary>
internal static class HostRooms
{
    /// <summary>The room of the composition root.</summary>
    public const string Root = "(root)";

    private const string Namespace = "SharedState.Host";

    private static readonly Lazy<(string[] Names, RoomDependency[] Dependencies)> Rooms = new(ReadAssembly);

    /// <summary>The names of all rooms.</summary>
    public static IReadOnlyList<string> Names => Rooms.Value.Names;

    /// <summary>
    /// All dependencies between types of different rooms: of signatures, fields, locals, calls, base types and type arguments.
    /// </summary>
    public static IReadOnlyList<RoomDependency> Dependencies => Rooms.Value.Dependencies;

    /// <summary>
    /// The paths from rooms back to themselves, one for each group of rooms that depend on each other; empty if the dependencies have a
    /// direction.
    /// </summary>
    public static IReadOnlyList<string> FindCycles(IEnumerable<RoomDependency> dependencies)
    {
        var known = dependencies.ToLookup(dependency => dependency.From, dependency => dependency.To);
        var (cycles, path, done) = (new List<string>(), new List<string>(), new HashSet<string>());
        foreach (var room in known.Select(room => room.Key).Order(StringComparer.Ordinal)) Visit(room);
        return cycles;

        void Visit(string room)
        {
            if (path.IndexOf(room) is >= 0 and var begin)
            {
                cycles.Add(string.Join(" -> ", path[begin..].Append(room)));
                return;
            }
            if (done.Contains(room)) return;
            path.Add(room);
            foreach (var next in known[room].Distinct().Order(StringComparer.Ordinal)) Visit(next);
            path.RemoveAt(path.Count - 1);
            done.Add(room);
        }
    }

    private static (string[] Names, RoomDependency[] Dependencies) ReadAssembly()
    {
        var file = typeof(ServiceWriter).Assembly.Location;
        var host = new ArchLoader().LoadFilteredDirectory(Path.GetDirectoryName(file), Path.GetFileName(file)).Build();
        var dependencies =
            from type in host.Types
            from dependency in type.Dependencies
            let source = RoomOf(type.Namespace?.FullName)
            let target = RoomOf(dependency.Target.Namespace?.FullName)
            where source is not null && target is not null && source != target
            select new RoomDependency(source, target, type.Name, dependency.Target.Name);
        return ([.. host.Types.Select(type => RoomOf(type.Namespace?.FullName)).OfType<string>().Distinct()], [.. dependencies.Distinct()]);
    }

    private static string? RoomOf(string? name) =>
        name == Namespace ? Root
        : name?.StartsWith($"{Namespace}.", StringComparison.Ordinal) == true ? name[(Namespace.Length + 1)..]
        : null;
}
