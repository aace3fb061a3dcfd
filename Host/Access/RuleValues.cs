using System.Globalization;
using System.Text.Json;

namespace SharedState.Host.Access;

/// <summary>The values of the names in a rule's conditions: those of the path, <c>now</c>, <c>sub</c>, and the claims.</summary>
/// <param name="identity">The client.</param>
/// <param name="path">The named segments of the path; null if there are none.</param>
/// <param name="now">The time; null where it has no value.</param>
internal sealed class RuleValues(Identity identity, Dictionary<string, JsonElement>? path, DateTimeOffset? now = null)
{
    public const string Now = "now";

    public const string Subject = "sub";

    /// <summary>The value of a name; null if there is none. Dots reach into claims, unless a claim has the whole name.</summary>
    public JsonElement? Find(string name)
    {
        if (name == Now) return now is { } time ? Seconds(time) : null;
        if (name == Subject) return identity.User is { } user ? JsonSerializer.SerializeToElement(user) : null;
        if (path is not null && path.TryGetValue(name, out var segment)) return segment;
        if (identity.ClaimsJson.TryGetProperty(name, out var claim)) return claim;
        var reached = identity.ClaimsJson;
        foreach (var part in name.Split('.'))
        {
            if (reached.ValueKind != JsonValueKind.Object || !reached.TryGetProperty(part, out reached)) return null;
        }
        return reached;
    }

    // With milliseconds, so that items of the same second keep their order.
    private static JsonElement Seconds(DateTimeOffset time) =>
        JsonElement.Parse((time.ToUnixTimeMilliseconds() / 1000m).ToString("0.###", CultureInfo.InvariantCulture));
}
