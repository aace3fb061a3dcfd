using System.Net;
using System.Net.Sockets;

namespace SharedState.Host.Http;

/// <summary>The addresses that count as one client where connections are counted by address.</summary>
internal static class AddressGroup
{
    // A provider gives each customer a network of this size or a larger one (RFC 6177), with as many addresses as the customer likes.
    private const int NetworkBytes = 8;

    /// <summary>An IPv4 address itself, also if it is written as an IPv6 address; of an IPv6 address its /64.</summary>
    public static IPAddress Of(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[NetworkBytes..].Clear();
        return new(bytes);
    }
}
