using SharedState.Host.JsonFiles;

namespace SharedState.Host.Access;

/// <summary><c>service.origins</c> and <c>service.hosts</c>.</summary>
/// <param name="Origins">The origins whose pages may connect, as browsers send them; <c>*</c> for all. Null: no list.</param>
/// <param name="Hosts">The names of this server, without ports; <c>*</c> for all. Null: no list.</param>
internal sealed record DoorSettings(IReadOnlyList<string>? Origins, IReadOnlyList<string>? Hosts)
{
    /// <summary>The entry of a list that stands for all.</summary>
    public const string Any = "*";

    public static DoorSettings Read(JsonFile file, JsonFields service) =>
        new(
            ReadList(file, service, "origins", IsOrigin,
                "must be an origin as browsers send it, like \"https://example.org\", without a path, or \"*\" for all"),
            ReadList(file, service, "hosts", IsHost,
                "must be a name or an address of this server, like \"example.org\", without a scheme and a port, or \"*\" for all"));

    /// <summary>Whether a URL is an origin as browsers send it: in lower case, without a default port, a user and a path.</summary>
    public static bool IsOrigin(Uri uri, string text) => uri.UserInfo.Length == 0 && uri.GetLeftPart(UriPartial.Authority) == text;

    public bool Equals(DoorSettings? other) => other is not null && Same(Origins, other.Origins) && Same(Hosts, other.Hosts);

    public override int GetHashCode() => HashCode.Combine(Origins?.Count, Hosts?.Count);

    private static bool Same(IReadOnlyList<string>? some, IReadOnlyList<string>? others) =>
        (some is null) == (others is null) && (some ?? []).SequenceEqual(others ?? []);

    private static string[]? ReadList(JsonFile file, JsonFields service, string name, Predicate<string> isValid, string sentence)
    {
        if (service.Take(name) is null or { Kind: System.Text.Json.JsonValueKind.Null }) return null;
        var list = service.TextList(name);
        foreach (var entry in list)
        {
            if (entry.Text != Any && !isValid(entry.Text)) file.Add(entry, sentence);
        }
        return [.. list.Select(entry => entry.Text)];
    }

    private static bool IsOrigin(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && IsOrigin(uri, text);

    private static bool IsHost(string text) => Uri.CheckHostName(text.Trim('[', ']')) != UriHostNameType.Unknown;
}
