using SharedState.Host.Conditions;

namespace SharedState.Host.Access;

/// <summary>What a rule allows of one kind: all items, or those that satisfy a condition.</summary>
/// <param name="Template">The condition; null for all items.</param>
internal sealed record ItemTest(ConditionTemplate? Template)
{
    /// <summary>Whether the condition depends on the time.</summary>
    public bool IsTimed => Template?.Names.Contains(RuleValues.Now) == true;

    /// <summary>The condition for a client, a path and a time.</summary>
    public Condition For(RuleValues values) => Template?.For(values.Find) ?? Condition.Always;
}
