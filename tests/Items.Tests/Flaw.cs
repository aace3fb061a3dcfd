namespace SharedState.Items.Tests;

/// <summary>The flaws that a <see cref="FlawedItemService"/> can have.</summary>
public enum Flaw
{
    /// <summary>An update that is a conflict removes its ids all the same.</summary>
    ConflictRemoves,

    /// <summary>A reset that is a conflict empties the collection all the same.</summary>
    ConflictResets,

    /// <summary>After a conflict, the batch's updates of other collections are acknowledged and not stored.</summary>
    ConflictEndsOthers,

    /// <summary>A conflict is skipped in memory, and applied when the storage is opened again.</summary>
    ConflictAfterReopening,

    /// <summary>A conflict is skipped in memory, and applied when the storage is opened after a kill.</summary>
    ConflictAfterKill,

    /// <summary>A reset removes three items at most.</summary>
    ResetOfThree,

    /// <summary>A reset removes 4,096 items at most.</summary>
    ResetOf4096,

    /// <summary>The newest 32,768 removals are remembered, and the history claims to be complete.</summary>
    HistoryOf32768,

    /// <summary>A listing of an app names the collections of all apps whose names begin with it.</summary>
    ListsByPrefix,

    /// <summary>The table is named after the service.</summary>
    TableOfServiceName,

    /// <summary>A load takes longer than a host waits.</summary>
    SlowLoad,

    /// <summary>A listing takes longer than a host waits.</summary>
    SlowList,

    /// <summary>An opening takes longer than a host waits.</summary>
    SlowOpening,

    /// <summary>A load never returns.</summary>
    EndlessLoad,

    /// <summary>A load that closing interrupts returns the items that it had read by then.</summary>
    ClosingCutsLoads,

    /// <summary>A load that closing interrupts fails in a way that the host takes for a mistake.</summary>
    ClosingBreaksLoads,

    /// <summary>Closing waits for loads, which wait for closing.</summary>
    ClosingWaitsForLoads,

    /// <summary>The epoch is stored with the data, so that a copy has it too.</summary>
    EpochOfCopies,

    /// <summary>A plan opens the storage, and so creates what it names.</summary>
    PlanCreates,

    /// <summary>A plan names everything again for a storage that was opened before.</summary>
    PlanRepeats,
}
