namespace SharedState.Bench.Load.Checks;

/// <summary>What a contestant promises of the order in which a room's updates come.</summary>
internal enum Order
{
    /// <summary>All get them in one order, which their revisions say.</summary>
    ByRevision,

    /// <summary>All get them in one order, which is that of their arrival at the server.</summary>
    ByArrival,

    /// <summary>Each writer's come in its order.</summary>
    PerWriter,
}
