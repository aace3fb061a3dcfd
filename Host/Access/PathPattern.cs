using System.Text.Json;

namespace SharedState.Host.Access;

/// <summary>
/// A path of a rule, such as <c>/boards/items/{board}</c>. <c>*</c> stands for one segment, <c>{name}</c> for one segment that gets a name,
/// and <c>**</c> at the end for any number of segments.
/// </summary>
internal sealed class PathPattern
{
    private const int MostSegments = 3; // of the path of a collection
    private const string One = "*", Rest = "**";

    /// <summary>Names that mean something else than a segment: the user, and the time.</summary>
    public static readonly string[] Reserved = [RuleValues.Subject, RuleValues.Now];

    private readonly string[] _segments;
    private readonly bool _open; // ends with **

    private PathPattern(string text, string[] segments) =>
        (Text, _open, _segments) = (text, segments is [.., Rest], segments is [.. var first, Rest] ? first : segments);

    /// <summary>The path as the configuration spells it.</summary>
    public string Text { get; }

    /// <summary>The names of its segments.</summary>
    public IEnumerable<string> Names => _segments.Where(IsName).Select(segment => segment[1..^1]);

    /// <summary>The service, if the pattern names it.</summary>
    public string? Service => _segments.Length > 1 && !IsAny(_segments[1]) ? _segments[1] : null;

    /// <summary>Whether some path of a collection has this pattern.</summary>
    public bool ReachesCollections => _open || _segments.Length == MostSegments;

    /// <summary>Whether the server's list of services, or a service's list of collections, has this pattern.</summary>
    public bool ReachesListings => _segments.Length == 0 || _segments.Length == 2 || (_open && _segments.Length < MostSegments);

    /// <summary>Whether all collections of a service have this pattern, with an app that has it.</summary>
    public bool ReachesAllOf(string app, string service) =>
        (_open ? _segments.Length < MostSegments : _segments is [_, _, One] || (_segments.Length == MostSegments && IsName(_segments[2])))
        && (_segments.Length < 1 || Fits(_segments[0], app)) && (_segments.Length < 2 || Fits(_segments[1], service));

    /// <summary>Reads a pattern.</summary>
    /// <param name="text">The text in the configuration.</param>
    /// <param name="mistake">Gets the mistake, as the rest of a sentence.</param>
    /// <returns>The pattern; null if there is a mistake.</returns>
    public static PathPattern? Parse(string text, out string? mistake)
    {
        var segments = text.Split('/')[1..];
        if (segments is [""]) segments = [];
        mistake = !text.StartsWith('/') ? "must begin with a slash, like \"/app/service/collection\""
            : segments.Contains("") ? "has an empty segment; write each slash once, and none at the end"
            : segments.Length > (segments is [.., Rest] ? MostSegments + 1 : MostSegments)
                ? $"has {segments.Length} segments; the path of a collection has {MostSegments}, /app/service/collection"
            : segments.SkipLast(1).Contains(Rest) ? "has ** before its end; only the last segment may be **"
            : segments.Select(MistakeIn).OfType<string>().FirstOrDefault();
        if (mistake is not null) return null;
        var pattern = new PathPattern(text, segments);
        if (pattern.Names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            mistake = $"has the name {{{twice.Key}}} twice";
        else if (pattern.Names.FirstOrDefault(Reserved.Contains) is { } reserved)
            mistake = $"has the name {{{reserved}}}, which has a meaning of its own; use another one{Advice(reserved)}";
        return mistake is null ? pattern : null;
    }

    /// <summary>Whether a path has this pattern.</summary>
    /// <param name="path">The segments: none for the list of services, the app and the service for a list of collections, or the app, the
    /// service and the collection.</param>
    /// <param name="names">Gets the named segments; null if the pattern has none.</param>
    public bool Matches(ReadOnlySpan<string> path, out Dictionary<string, JsonElement>? names)
    {
        names = null;
        if (path.Length < _segments.Length || (path.Length > _segments.Length && !_open)) return false;
        for (var index = 0; index < _segments.Length; index++)
        {
            if (!Fits(_segments[index], path[index])) return false;
        }
        for (var index = 0; index < _segments.Length; index++)
        {
            if (IsName(_segments[index])) (names ??= [])[_segments[index][1..^1]] = JsonSerializer.SerializeToElement(path[index]);
        }
        return true;
    }

    private static bool Fits(string segment, string name) => IsAny(segment) || segment == name;

    private static bool IsAny(string segment) => segment == One || IsName(segment);

    private static bool IsName(string segment) => segment.StartsWith('{');

    private static string Advice(string reserved) =>
        reserved == RuleValues.Subject ? ", like {user}, with \"who\": {\"sub\": \"{user}\"} for paths that belong to the user" : "";

    private static string? MistakeIn(string segment)
    {
        if (segment is One or Rest) return null;
        if (segment is ['{', .. var name, '}'])
        {
            var isName = name.Length > 0 && (char.IsAsciiLetter(name[0]) || name[0] == '_');
            return isName && !name.Any(c => c is '{' or '}' or ',' or '.' || char.IsWhiteSpace(c)) ? null
                : $"has {segment}; a name begins with a letter and has no braces, dots, commas or spaces";
        }
        return segment.AsSpan().ContainsAny('*', '{', '}') ? $"has {segment}; *, {{name}} and ** stand for whole segments" : null;
    }
}
