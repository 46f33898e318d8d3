using System.Buffers.Binary;

namespace BeerTap.Bench.Load;

/// <summary>A TCP connection to a port of this machine.</summary>
internal static unsafe class Wire
{
    public static int Dial(int port)
    {
        var socket = Libc.Socket(Libc.InternetFamily, Libc.StreamKind, 0);
        if (socket < 0) throw new InvalidOperationException("No more sockets: raise the limit of open files (ulimit -n).");
        var address = stackalloc byte[16];
        *(short*)address = Libc.InternetFamily;
        BinaryPrimitives.WriteUInt16BigEndian(new Span<byte>(address + 2, 2), (ushort)port);
        (address[4], address[5], address[6], address[7]) = (127, 0, 0, 1);
        if (Libc.Connect(socket, address, 16) != 0) throw new InvalidOperationException($"Port {port} takes no connection.");
        var yes = 1;
        _ = Libc.SetOption(socket, Libc.TcpLevel, Libc.NoDelay, &yes, sizeof(int));
        return socket;
    }

    public static void Send(int socket, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            for (nint sent = 0; sent < bytes.Length;)
            {
                var part = Libc.Send(socket, start + sent, bytes.Length - sent, Libc.NoSignal);
                if (part <= 0) throw new InvalidOperationException("The server closed a connection that was written to.");
                sent += part;
            }
        }
    }

    /// <summary>Reads what is there; 0: the server closed; less: nothing was there.</summary>
    public static int Receive(int socket, Span<byte> room)
    {
        fixed (byte* start = room) return (int)Libc.Receive(socket, start, room.Length, Libc.DontWait);
    }
}
