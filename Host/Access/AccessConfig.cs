using System.Text;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Access;

/// <summary>The field <c>access</c> of the configuration.</summary>
/// <param name="Issuers">The issuers of tokens that are trusted.</param>
/// <param name="Keys">The API keys.</param>
/// <param name="Cookie">The name of the cookie that may carry the token; null for none.</param>
internal sealed record AccessConfig(IReadOnlyList<IssuerConfig> Issuers, IReadOnlyList<ApiKey> Keys, string? Cookie)
{
    // Characters of a cookie's name (RFC 6265, 4.1.1).
    private const string Special = "!#$%&'*+-.^_`|~";

    /// <summary>What each client may do.</summary>
    public RuleSet Rules { get; init; } = RuleSet.None;

    /// <summary>The text of the rules, and of the schemas.</summary>
    public string RulesText { get; init; } = "";

    /// <summary>Tells two configurations apart, the content of the key files included.</summary>
    public string Fingerprint => string.Join(
        "\n",
        [
            Cookie, RulesText,
            .. Issuers.SelectMany(issuer => new[] { $"issuer {issuer.Name}\n{issuer.Audience}\n{issuer.Url}" }.Concat(
                (issuer.Keys ?? []).Select(key => $"{key.Source} {key.Name} {string.Join(' ', key.Algorithms)}"))),
            .. Keys.Select(key => $"{key.Hash}\n{key.Identity.User}\n{Convert.ToHexString(key.Identity.Claims.Span)}"),
        ]);

    /// <summary>Reads the field; null if it is absent. Adds the mistakes to the file.</summary>
    public static AccessConfig? Read(JsonFile file, JsonFields root, DoorSettings doors)
    {
        var fields = root.Object("access");
        if (fields.Node is null) return null;
        var keys = new List<ApiKey>();
        foreach (var node in fields.List("keys"))
        {
            if (ApiKey.Read(file, node) is not { } key) continue;
            if (keys.Exists(other => other.Hash == key.Hash)) file.Add(node, "another entry has the same key");
            keys.Add(key);
        }
        var config = new AccessConfig(
            [.. fields.List("tokens").Select(node => IssuerConfig.Read(file, node)).OfType<IssuerConfig>()], keys, fields.Text("cookie"));
        var reader = new RuleReader(file);
        Rule[] rules = [.. fields.List("rules").Select(reader.Read).OfType<Rule>()];
        ItemSchema[] schemas = [.. fields.List("schemas").Select(node => ItemSchema.Read(file, node)).OfType<ItemSchema>()];
        var texts = fields.List("rules").Select(node => Encoding.UTF8.GetString(JsonNodeText.Of(node)));
        config = config with
        {
            Rules = new(rules, schemas),
            RulesText = string.Join("\n", [.. texts, .. schemas.Select(schema => $"{schema.Path.Text}\n{schema.Text}")]),
        };
        fields.End();
        if (config.Cookie is not null) CheckCookie(file, fields.Take("cookie")!, config.Cookie, doors);
        return config;
    }

    private static void CheckCookie(JsonFile file, JsonNode node, string cookie, DoorSettings doors)
    {
        if (cookie.Length == 0 || !cookie.All(c => char.IsAsciiLetterOrDigit(c) || Special.Contains(c)))
            file.Add(node, "must be the name of a cookie, like \"session\"");
        else if (doors.Origins?.Contains(DoorSettings.Any) == true)
            file.Add(node, "a cookie needs a list of origins: with \"*\" in service.origins, pages of any site could act for visitors");
    }
}
