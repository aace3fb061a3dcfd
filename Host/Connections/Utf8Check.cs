using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace SharedState.Host.Connections;

/// <summary>
/// Checks that a text is valid UTF-8 while it arrives in pieces. A piece may end within a character, which the next piece then completes.
/// </summary>
internal struct Utf8Check
{
    private const int MostBytes = 4;

    private Cut _cut; // the bytes of a character whose end is still to come
    private int _cutBytes;

    /// <summary>Checks the next piece. After false, the object cannot be used any more.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="last">Whether the text ends with it. The next piece then begins another text.</param>
    public bool Passes(ReadOnlySpan<byte> piece, bool last)
    {
        Span<byte> cut = _cut;
        while (_cutBytes > 0 && piece.Length > 0)
        {
            cut[_cutBytes++] = piece[0];
            piece = piece[1..];
            var found = Rune.DecodeFromUtf8(cut[.._cutBytes], out _, out _);
            if (found == OperationStatus.InvalidData) return false;
            if (found == OperationStatus.Done) _cutBytes = 0;
        }
        if (_cutBytes > 0) return !last;
        if (Utf8.IsValid(piece)) return true;
        return !last && PassesUpToCut(piece);
    }

    private bool PassesUpToCut(ReadOnlySpan<byte> piece)
    {
        var start = piece.Length - 1;
        while (start > 0 && piece.Length - start < MostBytes && (piece[start] & 0xC0) == 0x80) start--;
        var begun = piece[start..];
        if (Rune.DecodeFromUtf8(begun, out _, out _) != OperationStatus.NeedMoreData || !Utf8.IsValid(piece[..start])) return false;
        begun.CopyTo(_cut);
        _cutBytes = begun.Length;
        return true;
    }

    [System.Runtime.CompilerServices.InlineArray(MostBytes)]
    private struct Cut
    {
        private byte _first;
    }
}
