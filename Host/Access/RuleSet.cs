using SharedState.Host.Collections;
using SharedState.Host.Conditions;
using SharedState.Host.Diagnostics;

namespace SharedState.Host.Access;

/// <summary>The rules of the configuration, and the schemas of items. Immutable.</summary>
/// <param name="rules">The rules, in their order.</param>
/// <param name="schemas">The schemas.</param>
internal sealed class RuleSet(IReadOnlyList<Rule> rules, IReadOnlyList<ItemSchema> schemas)
{
    /// <summary>No rule: nothing is allowed.</summary>
    public static readonly RuleSet None = new([], []);

    public IReadOnlyList<Rule> Rules => rules;

    public IReadOnlyList<ItemSchema> Schemas => schemas;

    /// <summary>What an identity may do at a path.</summary>
    /// <param name="identity">The client.</param>
    /// <param name="path">No segment for the list of services; the app and the service for a list of collections; or the app, the service
    /// and the collection.</param>
    public Rights At(Identity identity, params ReadOnlySpan<string> path)
    {
        var found = new List<(Rule Rule, RuleValues Values, Func<DateTimeOffset, RuleValues> At)>();
        string? first = null;
        foreach (var rule in rules)
        {
            if (!rule.Path.Matches(path, out var names)) continue;
            first ??= rule.Path.Text;
            var values = new RuleValues(identity, names);
            if (rule.Who.Includes(identity, values)) found.Add((rule, values, now => new(identity, names, now)));
        }
        var name = first ?? "none";
        var read = ReadRights([.. found.Where(one => one.Rule.Read is not null).Select(one => one.Rule.Read!.For(one.Values))]);
        var writing = found.Where(one => one.Rule.Writes).Select(one => (one.Rule, one.At)).ToArray();
        var check = CheckAt(path);
        Action refused = () => HostMeter.Refusals.Add(1, HostMeter.Rule(name));
        WriteRights? RightsAt(DateTimeOffset now)
        {
            WriteGrant[] grants = [.. writing.Select(one => Grant(one.Rule, one.At(now)))];
            var free = grants.TakeWhile(grant => grant.Set is null || grant.IsFull).Any(grant => grant.IsFull);
            return free && check is null && read is { Reads: true, Visible: null } ? null
                : new(read, grants) { Check = check, Tag = Rights.TagOf(read.Visible), Refused = refused };
        }
        var timed = Array.Exists(writing, one => one.Rule.IsTimed);
        var constant = timed ? null : RightsAt(default);
        var size = (read.Visible?.Size ?? 0) + (constant?.Grants.Sum(SizeOf) ?? 0);
        return new(read, writing.Length > 0, found.Exists(one => one.Rule.List), name, timed ? RightsAt : _ => constant) { Size = size };
    }

    /// <summary>Whether an identity may read all items of all collections of a service's app.</summary>
    public bool ReadsAllOf(Identity identity, string app, string service) => rules.Any(
        rule => rule is { Read.Template: null } and { Read: not null } && rule.Path.ReachesAllOf(app, service)
            && !rule.Path.Names.Any() && rule.Who.Includes(identity, new(identity, null)));

    private static ReadRights ReadRights(Condition[] conditions)
    {
        if (conditions.Contains(Condition.Always)) return new(true, null);
        Condition[] possible = [.. conditions.Where(condition => condition != Condition.Never)];
        return conditions.Length == 0 ? default : new(true, Condition.Any(possible));
    }

    /// <summary>What a rule allows. Without a value for its fields, it allows no items to be written.</summary>
    private static WriteGrant Grant(Rule rule, RuleValues values)
    {
        var set = rule.Set?.For(values);
        var writes = rule.Set is null || set is not null;
        return new(
            writes ? rule.Insert?.For(values) : null, writes ? rule.Update?.For(values) : null, rule.Remove?.For(values),
            writes && rule.Reset, set);
    }

    private static int SizeOf(WriteGrant grant) =>
        (grant.Insert?.Size ?? 0) + (grant.Update?.Size ?? 0) + (grant.Remove?.Size ?? 0);

    private Func<ReadOnlyMemory<byte>, string?>? CheckAt(ReadOnlySpan<string> path)
    {
        var found = new List<ItemSchema>();
        foreach (var schema in schemas)
        {
            if (schema.Path.Matches(path, out _)) found.Add(schema);
        }
        return found.Count == 0 ? null : item => found.Select(schema => schema.Check(item)).FirstOrDefault(mistake => mistake is not null);
    }
}
