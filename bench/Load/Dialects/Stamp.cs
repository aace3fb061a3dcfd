namespace SharedState.Bench.Load.Dialects;

/// <summary>Says of an item who wrote it, and as which of its updates; written with a fixed number of digits, so that all items are alike
/// in size.</summary>
internal readonly record struct Stamp(int Writer, long Update)
{
    public const int Digits = 13;

    private const long UpdatesPerWriter = 1_000_000_000;

    public static Stamp Read(ReadOnlySpan<byte> digits)
    {
        long number = 0;
        foreach (var digit in digits[..Digits]) number = number * 10 + (digit - '0');
        return new((int)(number / UpdatesPerWriter), number % UpdatesPerWriter);
    }

    public void Write(Span<byte> digits)
    {
        var number = Writer * UpdatesPerWriter + Update;
        for (var index = Digits - 1; index >= 0; index--)
        {
            digits[index] = (byte)('0' + number % 10);
            number /= 10;
        }
    }
}
