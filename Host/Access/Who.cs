using SharedState.Host.Conditions;

namespace SharedState.Host.Access;

/// <summary>The clients to which a rule applies.</summary>
/// <param name="Anonymous">Whether the rule is for anonymous clients, too.</param>
/// <param name="Claims">The condition on the claims; null for all users.</param>
internal sealed record Who(bool Anonymous, ConditionTemplate? Claims)
{
    public static readonly Who Anyone = new(true, null), User = new(false, null);

    /// <summary>Whether the rule is for a client. A condition never holds for an anonymous client.</summary>
    public bool Includes(Identity identity, RuleValues values) =>
        Anonymous || (!identity.IsAnonymous && (Claims is null || Claims.For(values.Find).Matches(identity.Claims)));
}
