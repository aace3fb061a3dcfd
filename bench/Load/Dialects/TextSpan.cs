using System.Buffers.Text;
using System.Text;

namespace SharedState.Bench.Load.Dialects;

/// <summary>Writes text from the beginning of a span on.</summary>
internal ref struct TextSpan(Span<byte> bytes)
{
    private readonly Span<byte> _bytes = bytes;

    public int Length { get; private set; }

    public void Add(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_bytes[Length..]);
        Length += text.Length;
    }

    public void Add(string text) => Length += Encoding.UTF8.GetBytes(text, _bytes[Length..]);

    public void Add(long number)
    {
        if (!Utf8Formatter.TryFormat(number, _bytes[Length..], out var written)) throw new ArgumentException("The span is too short.");
        Length += written;
    }

    public void Add(ItemBatch items) => Length += items.Write(_bytes[Length..]);
}
