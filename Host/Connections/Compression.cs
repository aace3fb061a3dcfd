using System.IO.Compression;

namespace SharedState.Host.Connections;

/// <summary>
/// permessage-deflate (RFC 7692) without context takeover on either side: each message stands by itself, so that a compressed frame can be
/// shared by all its receivers, and an idle connection holds no window.
/// </summary>
internal static class Compression
{
    /// <summary>What the handshake answers to an offer that is taken.</summary>
    public const string Accepted = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    // A sync flush ends in an empty stored block, which the sender leaves out; after it, an empty last block, so that the stream has an end.
    private static readonly byte[] End = [0x00, 0x00, 0xFF, 0xFF, 0x03, 0x00];

    /// <summary>Whether one of the offers of a handshake can be taken: any but those that want a smaller window than the one there is.</summary>
    public static bool IsOffered(string extensions) => extensions
        .Split(',', StringSplitOptions.TrimEntries)
        .Any(offer => offer.Split(';', StringSplitOptions.TrimEntries) is ["permessage-deflate", .. var parameters]
            && !Array.Exists(parameters, parameter => parameter.StartsWith("server_max_window_bits", StringComparison.Ordinal) && parameter != "server_max_window_bits=15"));

    /// <summary>Inflates a message.</summary>
    /// <param name="payload">The message as it came in.</param>
    /// <param name="message">Empty; gets the inflated message.</param>
    /// <param name="limit">How many bytes that may have.</param>
    /// <exception cref="WebSocketException">It inflates to more, or is damaged.</exception>
    public static void Inflate(ReadOnlySpan<byte> payload, ReceiveBuffer message, int limit)
    {
        using var compressed = new MemoryStream(payload.Length + End.Length);
        compressed.Write(payload);
        compressed.Write(End);
        compressed.Position = 0;
        using var inflate = new DeflateStream(compressed, CompressionMode.Decompress);
        try
        {
            while (true)
            {
                var count = inflate.Read(message.Free().Span);
                if (count == 0) return;
                message.Received(count);
                if (message.Length > limit) throw new WebSocketException(CloseCode.MessageTooBig, $"a message has at most {limit} bytes, also inflated");
            }
        }
        catch (InvalidDataException)
        {
            throw new WebSocketException(CloseCode.ProtocolError, "a compressed message that cannot be inflated");
        }
    }
}
