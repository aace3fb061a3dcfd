using System.Buffers;
using System.Buffers.Text;

namespace SharedState.Host.Protocol;

/// <summary>Bytes to be sent, in the making: text frames one after the other, or a piece of a text. Reused; grows as needed.</summary>
internal sealed class WireBuffer : IBufferWriter<byte>
{
    // A header for 126 to 65,535 bytes of payload, which most have; others are moved.
    private const int UsualHeader = 4;

    private const int SmallestBytes = 1 << 10, KeptBytes = 256 << 10; // a snapshot's buffer is not kept for the small messages after it

    private byte[] _bytes = [];
    private int _length, _frameAt;

    public int Length => _length;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>Begins a text frame; what is written until <see cref="EndText"/> is its payload.</summary>
    public void BeginText()
    {
        _frameAt = _length;
        GetSpan(UsualHeader);
        _length += UsualHeader;
    }

    /// <summary>Ends the text frame: puts its header before it.</summary>
    public void EndText()
    {
        var payload = _length - _frameAt - UsualHeader;
        var header = FrameHeader.LengthFor(payload);
        if (header != UsualHeader)
        {
            GetSpan(FrameHeader.MostBytes);
            _bytes.AsSpan(_frameAt + UsualHeader, payload).CopyTo(_bytes.AsSpan(_frameAt + header));
            _length += header - UsualHeader;
        }
        FrameHeader.Write(_bytes.AsSpan(_frameAt), FrameHeader.Text, payload);
    }

    /// <summary>Adds a whole frame.</summary>
    public void WriteFrame(byte opcode, ReadOnlySpan<byte> payload)
    {
        FrameHeader.Write(GetSpan(FrameHeader.MostBytes), opcode, payload.Length);
        _length += FrameHeader.LengthFor(payload.Length);
        Write(payload);
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        _length += bytes.Length;
    }

    public void Write(long number)
    {
        Utf8Formatter.TryFormat(number, GetSpan(20), out var count);
        _length += count;
    }

    /// <summary>A copy of what was written; the buffer is empty again.</summary>
    public byte[] Take()
    {
        var taken = Written.ToArray();
        Clear();
        return taken;
    }

    public void Clear()
    {
        _length = 0;
        if (_bytes.Length > KeptBytes) _bytes = [];
    }

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        GetSpan(sizeHint);
        return _bytes.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        if (_bytes.Length - _length < Math.Max(1, sizeHint))
            Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(SmallestBytes, Math.Max(2L * _bytes.Length, (long)_length + sizeHint))));
        return _bytes.AsSpan(_length);
    }
}
