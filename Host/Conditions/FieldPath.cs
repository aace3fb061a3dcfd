using System.Text;
using SharedState.Host.Json;

namespace SharedState.Host.Conditions;

/// <summary>A path into an item, such as <c>a.b.0</c>: names from the outside in; a number is also an index of an array.</summary>
internal sealed class FieldPath : IEquatable<FieldPath>
{
    /// <summary>The greatest number of names: an item is not nested deeper.</summary>
    public const int MostNames = 256;

    private FieldPath(string text, FieldName[] names) => (Text, Names) = (text, names);

    /// <summary>The path as it was written.</summary>
    public string Text { get; }

    /// <summary>The names from the outside in, at least one.</summary>
    public IReadOnlyList<FieldName> Names { get; }

    /// <summary>Reads a path.</summary>
    /// <param name="text">The path; without lone surrogates.</param>
    /// <param name="path">Gets the path.</param>
    /// <returns>Null, or what is wrong with the path.</returns>
    public static string? Read(string text, out FieldPath path)
    {
        var names = text.Split('.');
        path = new(text, [.. names.Take(MostNames).Select(name => new FieldName(name))]);
        return names.Length > MostNames ? $"a path has at most {MostNames} names"
            : Array.IndexOf(names, "") >= 0 ? "a path consists of names with a dot between two of them"
            : null;
    }

    public bool Equals(FieldPath? other) => Text == other?.Text;

    public override bool Equals(object? obj) => Equals(obj as FieldPath);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;
}

/// <summary>One name of a path.</summary>
internal readonly struct FieldName(string text)
{
    /// <summary>The name in UTF-8.</summary>
    public ReadOnlyMemory<byte> Bytes { get; } = Encoding.UTF8.GetBytes(text);

    /// <summary>The index of an array's element that the name also is; -1 if it is none. A leading zero makes it a name only.</summary>
    public int Index { get; } = JsonText.TryReadIndex(text, out var index) ? index : -1;
}
