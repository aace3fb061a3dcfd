using System.Diagnostics.CodeAnalysis;
using System.Text;
using SharedState.Host.Collections;

namespace SharedState.Host.Protocol;

/// <summary>A collection's path, <c>/app/service/collection</c>, split. Nothing is decoded, folded or normalized.</summary>
internal readonly record struct CollectionPath(string App, string Service, string Collection)
{
    // A path may have any number of slashes, but it is kept as it was spelled: three names at their longest, and room to spare.
    private const int LongestInNames = 8;

    private static readonly string[] Names = ["app", "service", "collection"];

    public CollectionKey Key => new(App, Collection);

    /// <summary>Splits at slashes; the leading slash is optional, trailing and doubled slashes are ignored.</summary>
    public static bool TrySplit(string path, Limits limits, out string[] segments, [NotNullWhen(false)] out Error? error)
    {
        var longest = LongestInNames * limits.NameBytes;
        error = path.Length > longest ? Error.BadRequest($"a path has at most {longest} characters; this one has {path.Length}") : null;
        segments = error is null ? path.Split('/', StringSplitOptions.RemoveEmptyEntries) : [];
        return error is null;
    }

    /// <summary>Reads a path that must name a collection.</summary>
    public static bool TryParse(string path, Limits limits, out CollectionPath parsed, [NotNullWhen(false)] out Error? error)
    {
        if (TrySplit(path, limits, out var segments, out error))
            error = segments.Length == 3 ? Check(segments, limits) : NotThreeSegments(segments.Length);
        parsed = error is null ? new(segments[0], segments[1], segments[2]) : default;
        return error is null;
    }

    public static Error NotThreeSegments(int segments) =>
        Error.BadRequest($"a collection's path has three segments, /app/service/collection; this one has {segments}");

    /// <summary>What is wrong with the segments (up to three), or null.</summary>
    public static Error? Check(string[] segments, Limits limits)
    {
        for (var index = 0; index < segments.Length; index++)
        {
            if (Check(segments[index], Names[index], limits) is { } error) return error;
        }
        return null;
    }

    private static Error? Check(string segment, string name, Limits limits)
    {
        if (segment[0] == '.')
            return Error.BadRequest($"the {name}'s name in the path must not start with a dot; such names are the server's own");
        if (Encoding.UTF8.GetByteCount(segment) is var bytes && bytes > limits.NameBytes)
            return Error.BadRequest($"the {name}'s name in the path has {bytes} bytes of UTF-8; at most {limits.NameBytes} are allowed");
        foreach (var character in segment)
        {
            if (char.IsControl(character)) return Error.BadRequest($"the {name}'s name in the path must not contain control characters");
        }
        return null;
    }
}
