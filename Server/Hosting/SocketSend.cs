using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace BeerTap.Server.Hosting;

/// <summary>
/// Sends what the system takes at once. On Linux by the system call itself: on its way there <see cref="Socket"/> looks at four objects, which a pump
/// with a thousand listeners finds in no cache, and that is a tenth of a visit (docs/performance.md).
/// </summary>
internal static unsafe class SocketSend
{
    // Linux, asm-generic/errno.h and bits/socket.h: the same on all processors that .NET runs on.
    private const int Interrupted = 4, Again = 11, NoMemory = 12, NoBuffers = 105;
    private const int DontWait = 0x40, NoSignal = 0x4000;

    /// <param name="handle">The socket's own; it stays open for the length of the call.</param>
    /// <returns>How many bytes were taken; 0 and why, when none.</returns>
    /// <exception cref="ObjectDisposedException">The socket was closed.</exception>
    public static int TrySend(Socket socket, SafeSocketHandle handle, ReadOnlySpan<byte> bytes, out SocketError error)
    {
        if (!OperatingSystem.IsLinux()) return socket.Send(bytes, SocketFlags.None, out error);
        while (true)
        {
            nint sent;
            fixed (byte* first = bytes) sent = Send(handle, first, bytes.Length, DontWait | NoSignal);
            error = sent >= 0 ? SocketError.Success : Marshal.GetLastPInvokeError() switch
            {
                Interrupted => SocketError.Interrupted,
                Again => SocketError.WouldBlock,
                NoMemory or NoBuffers => SocketError.NoBufferSpaceAvailable,
                _ => SocketError.ConnectionReset,
            };
            if (error != SocketError.Interrupted) return (int)Math.Max(sent, 0);
        }
    }

    [DllImport("libc", EntryPoint = "send", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Send(SafeSocketHandle socket, byte* bytes, nint length, int flags);
}
