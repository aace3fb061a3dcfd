using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace SharedState.Host.Protocol;

/// <summary>A collection's path, <c>/app/service/collection</c>, split. Nothing is decoded, folded or normalized.</summary>
internal readonly record struct CollectionPath(string App, string Service, string Collection)
{
    public CollectionKey Key => new(App, Collection);

    /// <summary>Splits at slashes; a leading one may be missing, trailing and doubled ones count for nothing.</summary>
    public static string[] Segments(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Reads a path that must name a collection.</summary>
    public static bool TryParse(string path, Limits limits, out CollectionPath parsed, [NotNullWhen(false)] out Error? error)
    {
        var segments = Segments(path);
        error = segments.Length == 3 ? Check(segments, limits) : NotThreeSegments(segments.Length);
        parsed = error is null ? new(segments[0], segments[1], segments[2]) : default;
        return error is null;
    }

    public static Error NotThreeSegments(int segments) =>
        Error.BadRequest($"a collection's path has three segments, /app/service/collection; this one has {segments}");

    /// <summary>What is wrong with the segments, or null.</summary>
    public static Error? Check(string[] segments, Limits limits)
    {
        foreach (var segment in segments)
        {
            if (Check(segment, limits) is { } error) return error;
        }
        return null;
    }

    private static Error? Check(string segment, Limits limits)
    {
        if (segment[0] == '.')
            return Error.BadRequest("a segment of a path must not start with a dot; such names are the server's own");
        if (segment.Length > limits.NameBytes || Encoding.UTF8.GetByteCount(segment) > limits.NameBytes)
            return Error.BadRequest($"a segment of a path has at most {limits.NameBytes} bytes of UTF-8");
        foreach (var character in segment)
        {
            if (char.IsControl(character)) return Error.BadRequest("a segment of a path must not contain control characters");
        }
        return null;
    }
}
