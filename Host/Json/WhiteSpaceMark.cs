namespace SharedState.Host.Json;

/// <summary>
/// A number behind a JSON text, written in white space: it belongs to the bytes of the text, and no reader of JSON sees it.
/// </summary>
internal static class WhiteSpaceMark
{
    /// <summary>The bytes of a mark.</summary>
    public const int Length = 32;

    private const int BitsPerByte = 2;

    private static ReadOnlySpan<byte> Digits => " \t\n\r"u8;

    /// <summary>A text without a mark, followed by one.</summary>
    public static byte[] Append(ReadOnlySpan<byte> text, ulong mark)
    {
        var marked = new byte[text.Length + Length];
        text.CopyTo(marked);
        for (var index = 0; index < Length; index++)
            marked[text.Length + index] = Digits[(int)(mark >> (BitsPerByte * index)) & ((1 << BitsPerByte) - 1)];
        return marked;
    }

    /// <summary>The mark behind a JSON object, or null.</summary>
    public static ulong? Read(ReadOnlySpan<byte> text)
    {
        if (text.Length <= Length || text[^1] == '}' || text[^(Length + 1)] != '}') return null;
        var mark = 0UL;
        for (var index = 0; index < Length; index++)
        {
            var digit = Digits.IndexOf(text[text.Length - Length + index]);
            if (digit < 0) return null;
            mark |= (ulong)digit << (BitsPerByte * index);
        }
        return mark;
    }

    /// <summary>A JSON object without its mark, if it has one.</summary>
    public static ReadOnlyMemory<byte> Strip(ReadOnlyMemory<byte> text) => Read(text.Span) is null ? text : text[..^Length];
}
