using System.Buffers;

namespace SharedState.Host.Connections;

/// <summary>The subprotocol that the handshake agrees on. There is one protocol only, under any name (docs/adr/0046).</summary>
internal static class Subprotocol
{
    private const string Own = "sharedstate";

    // A token of HTTP (RFC 9110, 5.6.2).
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>The server's own name if the client offers it, else the first offered; null if nothing is offered.</summary>
    /// <param name="offers">The offers, in the client's order, separated by commas.</param>
    public static string? Choose(string offers)
    {
        string? first = null;
        foreach (var offer in offers.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (offer.AsSpan().ContainsAnyExcept(TokenCharacters)) continue;
            if (offer == Own) return Own;
            first ??= offer;
        }
        return first;
    }
}
