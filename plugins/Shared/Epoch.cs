using System.Security.Cryptography;

namespace SharedState.Items;

/// <summary>Names for lineages of revisions, for stores and for hosts.</summary>
internal static class Epoch
{
    /// <summary>A name that was never used and never will be: 64 random bits, in 16 characters.</summary>
    public static string New() => RandomNumberGenerator.GetHexString(16, lowercase: true);
}
