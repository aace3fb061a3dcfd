using System.Text.Json;

namespace SharedState.Host.Access;

/// <summary>An operation whose permission is explained.</summary>
/// <param name="Verb"><c>read</c>, <c>insert</c>, <c>update</c>, <c>remove</c>, <c>reset</c> or <c>list</c>.</param>
/// <param name="Path">The segments of the path.</param>
/// <param name="Item">The item, for an update the new one; null if the operation has none.</param>
/// <param name="Before">The item before an update.</param>
internal sealed record Operation(string Verb, string[] Path, ReadOnlyMemory<byte>? Item, ReadOnlyMemory<byte>? Before);

/// <summary>Tells for each rule whether it allows an operation, or why it does not.</summary>
/// <param name="rules">The rules.</param>
/// <param name="identity">The client.</param>
/// <param name="now">The time.</param>
internal sealed class RuleExplanation(RuleSet rules, Identity identity, DateTimeOffset now)
{
    public const string Read = "read", Insert = "insert", Update = "update", Remove = "remove", Reset = "reset", List = "list";

    /// <summary>The operations that need an item.</summary>
    public static readonly string[] OfItems = [Read, Insert, Update, Remove];

    /// <summary>Explains an operation.</summary>
    /// <returns>Whether it is allowed, and a line for each rule.</returns>
    public (bool Allowed, IReadOnlyList<string> Lines) Explain(Operation operation)
    {
        var reasons = rules.Rules.Select(rule => WhyNot(rule, operation)).ToArray();
        var lines = rules.Rules.Zip(
            reasons, (rule, reason) => $"rules[{rule.Number}] {rule.Path.Text}: {reason ?? "allows it"}");
        return (reasons.Contains(null), [.. lines]);
    }

    private string? WhyNot(Rule rule, Operation operation)
    {
        if (!rule.Path.Matches(operation.Path, out var names)) return "is not for this path";
        var values = new RuleValues(identity, names, now);
        if (!rule.Who.Includes(identity, new(identity, names)))
            return WhyNotFor(rule, names);
        if (operation.Verb is Reset or List)
            return (operation.Verb == Reset ? rule.Reset : rule.List) ? null : $"has no \"{operation.Verb}\"";
        var test = operation.Verb switch { Read => rule.Read, Insert => rule.Insert, Update => rule.Update, _ => rule.Remove };
        if (test is null) return $"has no \"{operation.Verb}\"";
        if (test.Template?.WhyNever(values.Find, operation.Verb) is { } never) return $"its \"{operation.Verb}\" {never}";
        var condition = test.For(values);
        var item = operation.Item!.Value;
        if (operation.Verb is Insert or Update && rule.Set is not null)
        {
            if (rule.Set.For(values) is not { } set) return WhyNotSet(rule.Set, values);
            item = set.Apply(item);
        }
        if (operation.Before is { } before && operation.Verb == Update && !condition.Matches(before))
            return $"its \"{operation.Verb}\" does not hold for the item as it was: {condition.Text}";
        return condition.Matches(item) ? null : $"its \"{operation.Verb}\" does not hold for the item: {condition.Text}";
    }

    private string WhyNotFor(Rule rule, Dictionary<string, JsonElement>? names) =>
        identity.IsAnonymous ? "is not for anonymous clients"
        : $"its \"who\" {rule.Who.Claims?.WhyNever(new RuleValues(identity, names).Find, "who") ?? "does not hold for the claims"}";

    private static string? WhyNotSet(FieldValues set, RuleValues values) =>
        set.WhyNot(values) is (var field, var need) ? $"its \"set.{field}\" {need}" : null;
}
