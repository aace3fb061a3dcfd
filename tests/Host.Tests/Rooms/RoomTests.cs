namespace SharedState.Host.Tests.Rooms;

/// <summary>The rooms of the host depend on each other in one direction, in the compiled assembly as in docs/ARCHITECTURE.md.</summary>
public sealed class RoomTests
{
    /// <summary>
    /// Each room, with the rooms that it may know. A room stands below all rooms that it knows; the root may know all of them.
    /// </summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Bounds"] = [],
        ["Diagnostics"] = [],

        // The engine.
        ["Json"] = [],
        ["Patterns"] = [],
        ["Conditions"] = ["Json", "Patterns"],
        ["Contents"] = ["Bounds", "Conditions"],
        ["Storages"] = ["Bounds", "Contents", "Diagnostics"],
        ["Collections"] = ["Bounds", "Conditions", "Contents", "Diagnostics", "Json", "Storages"],
        ["Protocol"] = ["Bounds", "Collections", "Conditions", "Contents", "Json"],
        ["Http"] = ["Diagnostics"],
        ["Connections"] = ["Access", "Bounds", "Collections", "Contents", "Diagnostics", "Http", "Protocol", "Storages"],

        // Services and their plugins.
        ["JsonFiles"] = ["Diagnostics"],
        ["Plugins"] = ["JsonFiles"],
        ["Access"] = ["Collections", "Conditions", "Contents", "Diagnostics", "Http", "Json", "JsonFiles"],
        ["Configuration"] = ["Access", "Bounds", "Diagnostics", "JsonFiles", "Plugins"],
        ["Services"] = ["Configuration", "Diagnostics", "JsonFiles", "Plugins", "Storages"],

        // Operation.
        ["Changes"] =
        [
            "Access", "Bounds", "Collections", "Configuration", "Diagnostics", "JsonFiles", "Plugins", "Services", "Storages",
        ],
        ["Listing"] = ["Bounds", "Configuration", "Diagnostics", "JsonFiles", "Plugins", "Services", "Storages"],
        ["Admin"] = ["Changes", "Collections", "Configuration", "Diagnostics", "Http", "Listing", "Plugins", "Services"],
        ["PluginTest"] = ["Bounds", "Diagnostics", "JsonFiles", "Plugins", "Services", "Storages"],
    };

    [Fact]
    public void EachRoomKnowsOnlyTheRoomsThatItMay() => Assert.Equal(
        [],
        HostRooms.Dependencies.Where(dependency => !IsAllowed(dependency)).Select(dependency => $"{dependency}"));

    [Fact]
    public void EveryRoomStandsInTheTable() =>
        Assert.Equal(Allowed.Keys.Append(HostRooms.Root).Order(StringComparer.Ordinal), HostRooms.Names.Order(StringComparer.Ordinal));

    [Fact]
    public void TheTableHasNoCycle() =>
        Assert.Empty(
            HostRooms.FindCycles(Allowed.SelectMany(room => room.Value.Select(known => new RoomDependency(room.Key, known, "", "")))));

    [Fact]
    public void TheHostHasNoCycleOfRooms() => Assert.Empty(HostRooms.FindCycles(HostRooms.Dependencies));

    [Fact]
    public void NoTableEntryIsUnused() => Assert.Equal(
        [],
        Allowed.SelectMany(room => room.Value.Select(known => (room.Key, known)))
            .Except(HostRooms.Dependencies.Select(dependency => (dependency.From, dependency.To))));

    [Fact]
    public void ACycleThroughSeveralRoomsIsFound()
    {
        RoomDependency[] planted = [new("A", "B", "", ""), new("B", "C", "", ""), new("C", "D", "", ""), new("C", "A", "", "")];
        Assert.Equal(["A -> B -> C -> A"], HostRooms.FindCycles(planted));
        Assert.Empty(HostRooms.FindCycles(planted[..3]));
    }

    private static bool IsAllowed(RoomDependency dependency) =>
        dependency.From == HostRooms.Root || (Allowed.TryGetValue(dependency.From, out var known) && known.Contains(dependency.To));
}
