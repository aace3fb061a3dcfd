using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace SharedState.Bench.Load.Wire;

/// <summary>What is to be sent on one link: masked frames, or plain bytes before the upgrade. Several frames become one send.</summary>
internal sealed class Outgoing
{
    private const byte FinalText = 0x81, FinalPong = 0x8A, Masked = 0x80;
    private const int LongestHeader = 14;
    private const uint Mask = 0x9D3A51C7; // a client must mask; with what does not matter to a server

    private byte[] _bytes = new byte[512];
    private int _start, _end;

    /// <summary>What has not been sent yet.</summary>
    public ReadOnlySpan<byte> Waiting => _bytes.AsSpan(_start.._end);

    public void Add(ReadOnlySpan<byte> plain)
    {
        plain.CopyTo(Room(plain.Length));
        _end += plain.Length;
    }

    /// <summary>Where a message of at most so many bytes is to be written; <see cref="Finish(int)"/> makes a frame of it.</summary>
    public Span<byte> Begin(int most) => Room(LongestHeader + most)[LongestHeader..];

    /// <summary>Frames and masks what was written to the span that <see cref="Begin"/> gave.</summary>
    public void Finish(int length) => Finish(length, FinalText);

    /// <summary>Answers a ping.</summary>
    public void AddPong(ReadOnlySpan<byte> payload)
    {
        payload.CopyTo(Begin(payload.Length));
        Finish(payload.Length, FinalPong);
    }

    public void Sent(int count)
    {
        _start += count;
        if (_start == _end) _start = _end = 0;
    }

    private void Finish(int length, byte first)
    {
        var frame = _bytes.AsSpan(_end);
        var payload = frame.Slice(LongestHeader, length);
        var words = MemoryMarshal.Cast<byte, ulong>(payload);
        foreach (ref var word in words) word ^= (ulong)Mask << 32 | Mask;
        for (var index = words.Length * 8; index < length; index++) payload[index] ^= (byte)(Mask >> (index % 4 * 8));

        frame[0] = first;
        var header = 2;
        if (length <= 125)
        {
            frame[1] = (byte)(Masked | length);
        }
        else if (length <= ushort.MaxValue)
        {
            frame[1] = Masked | 126;
            BinaryPrimitives.WriteUInt16BigEndian(frame[2..], (ushort)length);
            header = 4;
        }
        else
        {
            frame[1] = Masked | 127;
            BinaryPrimitives.WriteInt64BigEndian(frame[2..], length);
            header = 10;
        }
        MemoryMarshal.Write(frame[header..], Mask);
        payload.CopyTo(frame[(header + 4)..]);
        _end += header + 4 + length;
    }

    private Span<byte> Room(int length)
    {
        if (_end + length > _bytes.Length) Array.Resize(ref _bytes, Math.Max(_end + length, _bytes.Length * 2));
        return _bytes.AsSpan(_end);
    }
}
