namespace SharedState.Host.Contents;

/// <summary>The order of texts by code point, which is also that of their UTF-8 bytes.</summary>
internal sealed class CodePointOrder : IComparer<string>
{
    public static readonly CodePointOrder Instance = new();

    public int Compare(string? x, string? y)
    {
        var left = x.AsSpan();
        var right = y.AsSpan();
        var same = left.CommonPrefixLength(right);
        return same == left.Length || same == right.Length ? left.Length - right.Length : Place(left[same]) - Place(right[same]);
    }

    /// <summary>A surrogate is a part of a code point that is above those of all other units.</summary>
    private static int Place(char unit) => char.IsSurrogate(unit) ? unit + 0x10000 : unit;
}
