using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace BeerTap.Server.Hosting;

/// <summary>The address a caller is counted under: of IPv4 all of it, of IPv6 the network, because one caller has 2^64 addresses in it.</summary>
internal static class CallerAddress
{
    public static UInt128 Of(HttpContext http) => Of(http.Connection.RemoteIpAddress ?? IPAddress.IPv6None);

    public static UInt128 Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        var mapped = address.AddressFamily == AddressFamily.InterNetwork ? address.MapToIPv6() : address;
        mapped.TryWriteBytes(bytes, out _);
        if (!mapped.IsIPv4MappedToIPv6) bytes[8..].Clear();
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
