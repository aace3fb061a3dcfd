using System.IO.Compression;

namespace SharedState.Host.Connections;

/// <summary>
/// permessage-deflate (RFC 7692) without context takeover on either side: each message stands by itself, so that a compressed frame can be
/// shared by all its receivers, and an idle connection holds no window.
/// </summary>
internal static class Compression
{
    /// <summary>The handshake's answer to an accepted offer.</summary>
    public const string Accepted = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    // A message of up to this size may inflate at any ratio: an item of zeros, which browsers compress a thousandfold, is legitimate.
    private const int AnyRatioBytes = 1 << 20;

    // A sync flush ends in an empty stored block, which the sender leaves out. An empty last block behind it gives the stream an end.
    private static readonly byte[] End = [0x00, 0x00, 0xFF, 0xFF, 0x03, 0x00];

    /// <summary>Whether one of the offers of a handshake is acceptable.</summary>
    public static bool IsOffered(string extensions) => extensions.Split(',', StringSplitOptions.TrimEntries).Any(CanTake);

    /// <summary>Inflates a message.</summary>
    /// <param name="payload">The message as received.</param>
    /// <param name="message">Empty; gets the inflated message.</param>
    /// <param name="limits">Bound the inflated message.</param>
    /// <exception cref="WebSocketException">The message inflates to more than the limits, or is damaged.</exception>
    public static void Inflate(ReadOnlySpan<byte> payload, ReceiveBuffer message, Limits limits)
    {
        var most = Math.Min(limits.MessageBytes, Math.Max(AnyRatioBytes, (long)payload.Length * limits.InflationRatio));
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
                if (message.Length > limits.MessageBytes)
                    throw new WebSocketException(
                        CloseCode.MessageTooBig, $"a message has at most {limits.MessageBytes} bytes, also inflated");
                if (message.Length > most)
                    throw new WebSocketException(
                        CloseCode.MessageTooBig, $"a message inflates to at most {limits.InflationRatio} times its bytes");
            }
        }
        catch (InvalidDataException)
        {
            throw new WebSocketException(CloseCode.ProtocolError, "a compressed message that cannot be inflated");
        }
    }

    /// <summary>
    /// Whether an offer is valid (RFC 7692, 7.1) and acceptable: the server deflates with a window of 15 bits only. The client's window
    /// does not matter, since the server inflates with the largest.
    /// </summary>
    private static bool CanTake(string offer)
    {
        if (offer.Split(';', StringSplitOptions.TrimEntries) is not ["permessage-deflate", .. var parameters]) return false;
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var parameter in parameters)
        {
            string[] parts = parameter.Split('=', 2, StringSplitOptions.TrimEntries);
            if (!names.Add(parts[0]) || !CanKeep(parts[0], parts.Length == 1 ? null : Unquoted(parts[1]))) return false;
        }
        return true;
    }

    private static bool CanKeep(string name, string? value) => name switch
    {
        "server_no_context_takeover" or "client_no_context_takeover" => value is null,
        "server_max_window_bits" => value is "15",
        "client_max_window_bits" => value is null or "8" or "9" or "10" or "11" or "12" or "13" or "14" or "15",
        _ => false,
    };

    private static string Unquoted(string value) => value is ['"', .. var inner, '"'] ? inner : value;
}
