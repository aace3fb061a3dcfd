using System.Text.Json;

namespace SharedState.Host.Conditions;

/// <summary>The elements of an array, one after the other.</summary>
internal ref struct ArrayElements
{
    private readonly ReadOnlyMemory<byte> _json;
    private Utf8JsonReader _reader;

    /// <param name="json">A JSON array.</param>
    public ArrayElements(ReadOnlyMemory<byte> json)
    {
        _json = json;
        _reader = new(json.Span, new JsonReaderOptions { MaxDepth = int.MaxValue });
        _reader.Read();
    }

    public FieldValue Current { get; private set; }

    public readonly ArrayElements GetEnumerator() => this;

    public bool MoveNext()
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.EndArray) return false;
        Current = FieldValue.Read(ref _reader, _json);
        return true;
    }
}
