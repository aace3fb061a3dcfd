namespace SharedState.Host.Protocol;

/// <summary>The last collection that a connection named: most requests name the same one again, so that its path need not be parsed
/// again.</summary>
internal sealed class PathMemory
{
    private byte[] _spelling = [];
    private CollectionPath _path;

    /// <summary>The path as it was spelled last, a text; null before.</summary>
    public string? Text { get; private set; }

    /// <summary>Whether the collection's path was spelled like that the last time.</summary>
    public bool Knows(ReadOnlySpan<byte> spelling) => Text is not null && spelling.SequenceEqual(_spelling);

    /// <summary>The collection, where the text is the one that was remembered.</summary>
    public bool TryFind(string text, out CollectionPath path)
    {
        path = _path;
        return ReferenceEquals(text, Text);
    }

    /// <summary>Remembers a checked path.</summary>
    public void Remember(string text, CollectionPath path) =>
        (_spelling, _path, Text) = (System.Text.Encoding.UTF8.GetBytes(text), path, text);
}
