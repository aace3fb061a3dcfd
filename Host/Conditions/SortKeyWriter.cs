using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace SharedState.Host.Conditions;

/// <summary>
/// Writes a <see cref="SortKey"/>: for each path the kind and the value, in an encoding whose bytes compare like the values. No encoded value
/// is the start of another one. The bytes of a descending path are inverted.
/// </summary>
internal ref struct SortKeyWriter()
{
    private readonly ArrayBufferWriter<byte> _key = new(64);

    public readonly void Add(in FieldValue value, bool descending)
    {
        var start = _key.WrittenCount;
        Write((byte)value.Kind);
        if (value.Kind is ValueKind.Number or ValueKind.Boolean) Add(value.Number);
        else if (value.Kind is not ValueKind.Null) Add(value.Bytes.Span);
        if (!descending) return;
        var written = System.Runtime.InteropServices.MemoryMarshal.AsMemory(_key.WrittenMemory).Span[start..];
        for (var index = 0; index < written.Length; index++) written[index] = (byte)~written[index];
    }

    /// <summary>Adds the id, and ends the key.</summary>
    public readonly SortKey End(string id)
    {
        _key.Write(Encoding.UTF8.GetBytes(id));
        return new(_key.WrittenSpan.ToArray());
    }

    private readonly void Add(double number)
    {
        // The bits of positive doubles compare like the numbers, those of negative ones the other way around.
        var bits = BitConverter.DoubleToInt64Bits(number);
        BinaryPrimitives.WriteInt64BigEndian(_key.GetSpan(8), bits < 0 ? ~bits : bits ^ long.MinValue);
        _key.Advance(8);
    }

    private readonly void Add(ReadOnlySpan<byte> text)
    {
        // A NUL of the text is followed by 1, the end by 0: a text comes before its continuations.
        while (text.IndexOf((byte)0) is var at and >= 0)
        {
            _key.Write(text[..at]);
            _key.Write([(byte)0, (byte)1]);
            text = text[(at + 1)..];
        }
        _key.Write(text);
        _key.Write([(byte)0, (byte)0]);
    }

    private readonly void Write(byte value) => _key.Write([value]);
}
