using System.Buffers.Binary;

namespace SharedState.Host.Connections;

/// <summary>
/// Looks for the client's close frame in the bytes that arrive after the last message that was read. Skips all other frames, of any length,
/// and keeps none of them.
/// </summary>
internal sealed class Goodbye
{
    private const int MaskBytes = 4;

    private readonly byte[] _header = new byte[FrameHeader.MostBytes]; // without the mask
    private int _headerBytes;
    private ulong _rest; // bytes of the frame behind its header, the mask included
    private bool _isClose;

    /// <summary>Whether a whole close frame has arrived.</summary>
    public bool Said { get; private set; }

    /// <summary>Looks at bytes that follow those of the last call; the first ones are the start of a frame.</summary>
    public void PassOver(ReadOnlySpan<byte> bytes)
    {
        while (!Said && bytes.Length > 0)
        {
            if (_rest > 0)
            {
                var passed = (int)Math.Min(_rest, (ulong)bytes.Length);
                bytes = bytes[passed..];
                _rest -= (ulong)passed;
            }
            else
            {
                _header[_headerBytes++] = bytes[0];
                bytes = bytes[1..];
                if (!TryReadHeader()) continue;
            }
            Said = _isClose && _rest == 0;
        }
    }

    private bool TryReadHeader()
    {
        if (_headerBytes < 2) return false;
        var length = (ulong)(_header[1] & 0x7F);
        if (_headerBytes < length switch { 126 => 4, 127 => 10, _ => 2 }) return false;
        if (length == 126) length = BinaryPrimitives.ReadUInt16BigEndian(_header.AsSpan(2));
        else if (length == 127)
            length = BinaryPrimitives.ReadUInt64BigEndian(_header.AsSpan(2)) & long.MaxValue; // a broken length, which no client reaches
        _rest = length + ((_header[1] & 0x80) != 0 ? (ulong)MaskBytes : 0);
        _isClose = (_header[0] & 0x0F) == FrameHeader.Close;
        _headerBytes = 0;
        return true;
    }
}
