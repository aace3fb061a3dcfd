namespace SharedState.Items.Conformance;

/// <summary>On a test of the contract: what to change in a storage that fails it. The test's name is the promise.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PromiseAttribute : Attribute
{
    /// <summary>What keeps the promise, as advice to the storage's author.</summary>
    public required string Fix { get; init; }

    /// <summary>What a storage must be for the promise to mean anything.</summary>
    public Need Needs { get; init; }
}
