using System.Buffers.Binary;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;

namespace BeerTap.Server.Live;

/// <summary>
/// Tells whether the other side of a connection takes bytes, from the kernel's count of those it acknowledged (<c>tcpi_bytes_acked</c>, RFC
/// 4898 tcpEStatsAppHCThruOctetsAcked). Only asked while a write is under way.
/// </summary>
/// <remarks>Linux only; elsewhere, and without a socket, a write must be done within the time a connection may take nothing.</remarks>
internal sealed class SocketProgress
{
    // linux/tcp.h: struct tcp_info is got with TCP_INFO (11) on level IPPROTO_TCP (6); tcpi_bytes_acked is the u64 at offset 120.
    private const int TcpLevel = 6, TcpInfo = 11, BytesAckedAt = 120, InfoBytes = BytesAckedAt + sizeof(ulong);

    private readonly Socket? _socket;
    private ulong _acknowledged;

    private SocketProgress(Socket? socket) => _socket = socket;

    public static SocketProgress Of(HttpContext http) => Of(http.Features.Get<IConnectionSocketFeature>()?.Socket);

    public static SocketProgress Of(Socket? socket) => new(OperatingSystem.IsLinux() ? socket : null);

    /// <summary>Whether bytes were taken since the last time this was asked.</summary>
    public bool Moved()
    {
        if (_socket is null) return false;
        Span<byte> info = stackalloc byte[InfoBytes];
        try
        {
            if (_socket.GetRawSocketOption(TcpLevel, TcpInfo, info) < InfoBytes) return false;
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // The connection is over; its pending write ends with a fault of its own.
            return false;
        }

        var acknowledged = BinaryPrimitives.ReadUInt64LittleEndian(info[BytesAckedAt..]);
        var moved = acknowledged != _acknowledged;
        _acknowledged = acknowledged;
        return moved;
    }
}
