using System.Text;
using SharedState;

namespace Items.Postgres;

/// <summary>Ids and names as the storage keeps them: UTF-8 in a bytea, which folds, trims and refuses nothing, U+0000 included.</summary>
internal static class Names
{
    private static readonly UTF8Encoding _utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text's bytes.</summary>
    public static byte[] Encode(string text)
    {
        try
        {
            return _utf8.GetBytes(text);
        }
        catch (EncoderFallbackException e)
        {
            throw new ItemServiceException(ItemServiceFault.Rejected, "An id or a name is no valid Unicode text.", e);
        }
    }

    /// <summary>The text that the bytes are.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return _utf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new ItemServiceException(
                ItemServiceFault.Unusable, "The database holds an id or a name that is not UTF-8: it was changed by another program.", e);
        }
    }
}
