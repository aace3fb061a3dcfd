using SharedState.Host.Contents;

namespace SharedState.Host.Storages;

/// <summary>The names of an app's collections that have items, sorted by code point, and the text of all of them. Immutable.</summary>
internal sealed class CollectionNames
{
    // The overhead of a name in the list: the string without its characters, and the reference to it.
    private const int NameBytes = 32;

    private readonly List<string> _names;

    /// <param name="names">The names, which the object keeps and sorts.</param>
    public CollectionNames(List<string> names)
    {
        _names = names;
        _names.Sort(CodePointOrder.Instance);
        var text = new TextBuffer();
        text.WriteList(names, text.WriteString);
        Text = text.Take();
        text.Release();
        Bytes = Text.Length + names.Sum(name => NameBytes + ((long)sizeof(char) * name.Length));
    }

    /// <summary>All names, a JSON list.</summary>
    public byte[] Text { get; }

    /// <summary>Its approximate size in memory.</summary>
    public long Bytes { get; }

    /// <summary>The first names after a given one, which need not be in the list.</summary>
    public IReadOnlyList<string> Page(int most, string? after)
    {
        var found = after is null ? -1 : _names.BinarySearch(after, CodePointOrder.Instance);
        var first = found < 0 ? ~found : found + 1;
        return _names.GetRange(first, Math.Min(most, _names.Count - first));
    }
}
