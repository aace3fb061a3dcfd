namespace SharedState.Host.Access;

/// <summary>Remarks of <c>--check</c> about suspicious rules.</summary>
internal static class RuleRemarks
{
    /// <summary>A sentence for each rule that can never match, and for each path that anyone may write.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="services">The names of the services.</param>
    public static IEnumerable<string> Of(RuleSet rules, IReadOnlyCollection<string> services)
    {
        foreach (var rule in rules.Rules)
        {
            var name = $"access.rules[{rule.Number}] ({rule.Path.Text})";
            if (WhyNever(rule, services) is { } why) yield return $"{name} can never match: {why}";
            else if (rule.Who.Anonymous && rule.Writes) yield return $"{name}: anyone may write there, without a token";
        }
    }

    private static string? WhyNever(Rule rule, IReadOnlyCollection<string> services)
    {
        var items = rule.Read is not null || rule.Writes;
        if (!items && !rule.List) return "it allows nothing";
        if (rule.Path.Service is { } service && !services.Contains(service)) return $"there is no service \"{service}\"";
        if (!rule.Path.ReachesCollections && !rule.Path.ReachesListings) return "no request has a path of one segment";
        if (items && !rule.List && !rule.Path.ReachesCollections) return "the path of a collection has three segments";
        if (!items && !rule.Path.ReachesListings) return "\"list\" is for /, and for /app/service";
        return null;
    }
}
