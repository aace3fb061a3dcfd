using SharedState.Host.JsonFiles;

namespace SharedState.Host.Access;

/// <summary>Remarks of <c>--check</c> about suspicious rules.</summary>
internal static class RuleRemarks
{
    /// <summary>A sentence for each rule that can never match, for each path that anyone may write, and for each name that is probably
    /// misspelled.</summary>
    /// <param name="access">The field <c>access</c>.</param>
    /// <param name="services">The names of the services.</param>
    public static IEnumerable<string> Of(AccessConfig access, IReadOnlyCollection<string> services)
    {
        if (access.Rules.Rules.Count == 0) yield return "access: nobody may do anything, because it has no \"rules\"";
        var hasUsers = access.Issuers.Count + access.Keys.Count > 0;
        foreach (var rule in access.Rules.Rules)
        {
            if (WhyNever(rule, services, hasUsers) is { } why) yield return $"{Title(rule)} can never match: {why}";
            else if (rule.Who.Anonymous && rule.Writes) yield return $"{Title(rule)}: anyone may write there, without a token";
            foreach (var remark in OfNames(rule)) yield return remark;
        }
    }

    /// <summary>A sentence for each claim in a rule whose name is nearly that of a segment of the path, of the user or of the time. A name
    /// that the path does not have counts as a claim, so that a misspelled one is no mistake.</summary>
    public static IEnumerable<string> OfNames(Rule rule)
    {
        string[] used = [.. rule.Names], segments = [.. rule.Path.Names];
        foreach (var claim in used.Except(segments).Except(PathPattern.Reserved))
        {
            // A list of boards and the board of the path are two things, if the rule uses both.
            var segment = Array.Find(
                segments, name => Spelling.IsNear(claim, name) && !(used.Contains(name) && (claim == name + "s" || name == claim + "s")));
            if (segment is not null)
            {
                yield return $"{Title(rule)}: {{{claim}}} is a claim, and not the segment {{{segment}}} of the path; write {{{segment}}}, "
                    + "or give the segment another name if the claim is meant";
            }
            else if (Array.Find(PathPattern.Reserved, name => name.Equals(claim, StringComparison.OrdinalIgnoreCase)) is { } reserved)
            {
                yield return $"{Title(rule)}: {{{claim}}} is a claim; write {{{reserved}}} for {Meaning(reserved)}";
            }
        }
    }

    private static string Title(Rule rule) => $"access.rules[{rule.Number}] ({rule.Path.Text})";

    private static string Meaning(string reserved) => reserved == RuleValues.Subject ? "the user" : "the time";

    private static string? WhyNever(Rule rule, IReadOnlyCollection<string> services, bool hasUsers)
    {
        var items = rule.Read is not null || rule.Writes;
        if (!items && !rule.List) return "it allows nothing";
        if (rule.Path.Service is { } service && !services.Contains(service))
            return $"there is no service \"{service}\"; the services are {string.Join(", ", services)}";
        if (!rule.Who.Anonymous && !hasUsers) return "nobody is a user, because \"access\" has neither \"tokens\" nor \"keys\"";
        if (!rule.Path.ReachesCollections && !rule.Path.ReachesListings) return "no request has a path of one segment";
        if (items && !rule.List && !rule.Path.ReachesCollections) return "the path of a collection has three segments";
        if (!items && !rule.Path.ReachesListings) return "\"list\" is for /, and for /app/service";
        return null;
    }
}
