using System.Buffers.Binary;

namespace SharedState.Host.Conditions;

/// <summary>
/// Where an item stands in an order. The bytes of two keys compare like the items: the values of the order's paths, then the id.
/// </summary>
internal readonly struct SortKey(byte[] bytes) : IComparable<SortKey>, IEquatable<SortKey>
{
    /// <summary>The size of the key in bytes.</summary>
    public int Length => bytes.Length;

    /// <summary>The first bytes of the key as a number: of two keys with different numbers, the one with the smaller number is
    /// less.</summary>
    public ulong Prefix
    {
        get
        {
            Span<byte> prefix = stackalloc byte[sizeof(ulong)];
            prefix.Clear();
            bytes.AsSpan(0, Math.Min(bytes.Length, prefix.Length)).CopyTo(prefix);
            return BinaryPrimitives.ReadUInt64BigEndian(prefix);
        }
    }

    public int CompareTo(SortKey other) => bytes.AsSpan().SequenceCompareTo(other.Bytes);

    public bool Equals(SortKey other) => bytes.AsSpan().SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => obj is SortKey other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(bytes);
        return hash.ToHashCode();
    }

    private byte[] Bytes => bytes;
}
