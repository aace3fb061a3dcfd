using System.Buffers;
using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SharedState.Host.Contents;

/// <summary>A buffer for JSON text in UTF-8. Reused; grows as needed.</summary>
internal sealed class TextBuffer : IBufferWriter<byte>
{
    private const int SmallestBytes = 1 << 10, KeptBytes = 256 << 10; // the buffer of a snapshot is not kept for the small texts after it

    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // nothing here goes into HTML
        SkipValidation = true,
    };

    [ThreadStatic]
    private static Utf8JsonWriter? t_json;

    private byte[] _bytes = [];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>The text from a place on, which may be changed in place. Valid until the next write.</summary>
    public Span<byte> From(int place) => _bytes.AsSpan(place, Length - place);

    /// <summary>The same as memory. Valid until the next write.</summary>
    public ReadOnlyMemory<byte> Slice(int place, int length) => _bytes.AsMemory(place, length);

    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        Length += bytes.Length;
    }

    public void Write(long number)
    {
        Utf8Formatter.TryFormat(number, GetSpan(20), out var count);
        Length += count;
    }

    /// <summary>Writes a JSON string: quoted, and escaped where it must be.</summary>
    public void WriteString(string value)
    {
        var json = t_json ??= new(this, Options);
        json.Reset(this); // forgets also what an exception left
        json.WriteStringValue(value);
        json.Flush();
    }

    /// <summary>Writes a JSON list.</summary>
    public void WriteList<T>(IEnumerable<T> values, Action<T> write)
    {
        Write("["u8);
        var first = true;
        foreach (var value in values)
        {
            if (!first) Write(","u8);
            write(value);
            first = false;
        }
        Write("]"u8);
    }

    /// <summary>Returns a copy of the text, and empties the buffer.</summary>
    public byte[] Take()
    {
        var taken = Written.ToArray();
        Clear();
        return taken;
    }

    public void Clear()
    {
        Length = 0;
        if (_bytes.Length > KeptBytes) Release();
    }

    /// <summary>Empties the buffer and gives its memory back.</summary>
    public void Release()
    {
        if (_bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
        (_bytes, Length) = ([], 0);
    }

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        GetSpan(sizeHint);
        return _bytes.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        if (_bytes.Length - Length < Math.Max(1, sizeHint)) Grow(sizeHint);
        return _bytes.AsSpan(Length);
    }

    private void Grow(int sizeHint)
    {
        var wanted = Math.Max(SmallestBytes, Math.Max(2L * _bytes.Length, (long)Length + sizeHint));
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, wanted));
        Written.CopyTo(larger);
        if (_bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
