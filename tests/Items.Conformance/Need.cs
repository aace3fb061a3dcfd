namespace SharedState.Items.Conformance;

/// <summary>What a storage must be for one of the contract's promises to mean anything.</summary>
public enum Need
{
    /// <summary>Nothing: it is a promise of all.</summary>
    None,

    /// <summary>What is committed must outlive the service: <see cref="TestedStorage.IsDurable"/>.</summary>
    Durability,

    /// <summary>It must hold several services: <see cref="TestedStorage.OtherConfig"/>.</summary>
    OtherConfig,

    /// <summary>
    /// A COMMIT must be held back on its way to it: <see cref="ItemServiceConformance.NewHeldCommit"/>, which only a test project can
    /// offer.
    /// </summary>
    HeldCommit,

    /// <summary>
    /// Somebody must kill the storage or put an older copy in its place: <see cref="ItemServiceConformance.NewOperatedStorage"/>.
    /// </summary>
    OperatedStorage,
}
