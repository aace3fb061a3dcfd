using System.Text;

namespace SharedState.Bench.Load.Dialects;

/// <summary>The items that writers send: <c>{"id":"k07","n":"stamp","data":"xx…"}</c>, of exactly so many bytes, with a hundred ids in
/// turn.</summary>
internal sealed class Item
{

    private const int IdStart = 8, StampStart = 17;

    private readonly byte[] _bytes;

    /// <param name="size">All its bytes.</param>
    /// <param name="idDigits">How many digits an id has after its k.</param>
    public Item(int size, int idDigits = 2)
    {
        var head = $"{{\"id\":\"k{new string('0', idDigits)}\",\"n\":\"{new string('0', Stamp.Digits)}\",\"data\":\"";
        _bytes = Encoding.ASCII.GetBytes(head + new string('x', size - head.Length - 2) + "\"}");
        IdDigits = idDigits;
        Ids = (int)Math.Pow(10, idDigits);
    }

    /// <summary>What stands before an item's stamp.</summary>
    public static ReadOnlySpan<byte> StampName => "\"n\":\""u8;

    public int IdDigits { get; }

    /// <summary>How many different ids there are.</summary>
    public int Ids { get; }

    public int Size => _bytes.Length;

    /// <summary>Writes one item; returns how many bytes it has.</summary>
    public int Write(Span<byte> to, int id, Stamp stamp)
    {
        _bytes.CopyTo(to);
        for (var index = IdDigits - 1; index >= 0; index--)
        {
            to[IdStart + index] = (byte)('0' + id % 10);
            id /= 10;
        }
        stamp.Write(to[(StampStart + IdDigits - 2)..]);
        return _bytes.Length;
    }
}
