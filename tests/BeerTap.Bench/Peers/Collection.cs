using System.Net.Sockets;
using System.Text;

namespace BeerTap.Bench.Peers;

/// <summary>
/// Has a .NET process collect all its garbage: a trace of the runtime's provider with the keyword GCHeapCollect begins with a full collection. What is
/// sent is the runtime's diagnostic protocol (dotnet/diagnostics, documentation/design-docs/ipc-protocol.md).
/// </summary>
internal static class Collection
{
    private const long GcHeapCollect = 0x800000;
    private const int Informational = 4, BufferMegabytes = 16, NetTrace = 1;
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(2);

    /// <summary>Nothing happens in a process that is not .NET.</summary>
    public static async Task InduceAsync(int process, CancellationToken cancel)
    {
        var path = Directory.GetFiles(Path.GetTempPath(), $"dotnet-diagnostic-{process}-*-socket").FirstOrDefault();
        if (path is null) return;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
        await socket.SendAsync(Request(), cancel);

        // The collection is done, and told of, long before the time is up; the trace ends with the connection.
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        enough.CancelAfter(Time);
        var buffer = new byte[64 * 1024];
        try
        {
            while (await socket.ReceiveAsync(buffer, enough.Token) > 0) { }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // As long as it was to be read.
        }
    }

    private static byte[] Request()
    {
        using var payload = new MemoryStream();
        using var writer = new BinaryWriter(payload);
        writer.Write(BufferMegabytes);
        writer.Write(NetTrace);
        writer.Write((byte)0); // no rundown
        writer.Write(1); // provider
        writer.Write(GcHeapCollect);
        writer.Write(Informational);
        Text(writer, "Microsoft-Windows-DotNETRuntime");
        Text(writer, "");
        writer.Flush();

        const int Header = 20;
        const byte EventPipe = 2, CollectTracing2 = 3;
        return [.. Encoding.ASCII.GetBytes("DOTNET_IPC_V1\0"), .. BitConverter.GetBytes((ushort)(Header + payload.Length)), EventPipe, CollectTracing2, 0, 0, .. payload.ToArray()];
    }

    private static void Text(BinaryWriter writer, string text)
    {
        writer.Write(text.Length + 1);
        writer.Write(Encoding.Unicode.GetBytes(text + '\0'));
    }
}
