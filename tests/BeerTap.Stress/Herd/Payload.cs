using System.Buffers.Binary;

namespace BeerTap.Stress.Herd;

/// <summary>Takes a transport's own framing off the bytes of a connection. Gives whole payloads; what is cut off comes with the next bytes.</summary>
internal abstract class Payload
{
    /// <summary>Takes one frame from the front of the bytes, or nothing when it is not whole yet.</summary>
    /// <returns>How many bytes it took; 0 when more are needed.</returns>
    public abstract int Take(ReadOnlySpan<byte> bytes, out FrameKind kind, out ReadOnlySpan<byte> payload);
}

internal enum FrameKind
{
    Data,
    Ping,
    Heartbeat,
    Close,
    End,
}

/// <summary>RFC 6455 section 5.2, as a client hears it: not masked. The hub does not fragment its messages.</summary>
internal sealed class WebSocketPayload : Payload
{
    public override int Take(ReadOnlySpan<byte> bytes, out FrameKind kind, out ReadOnlySpan<byte> payload)
    {
        kind = FrameKind.Data;
        payload = default;
        if (bytes.Length < 2) return 0;
        var (head, length) = (2, (long)(bytes[1] & 0x7f));
        if (length == 126)
        {
            if (bytes.Length < 4) return 0;
            (head, length) = (4, BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]));
        }
        else if (length == 127)
        {
            if (bytes.Length < 10) return 0;
            (head, length) = (10, BinaryPrimitives.ReadInt64BigEndian(bytes[2..]));
        }

        if (bytes.Length < head + length) return 0;
        kind = (bytes[0] & 0x0f) switch { 8 => FrameKind.Close, 9 => FrameKind.Ping, 10 => FrameKind.Heartbeat, _ => FrameKind.Data };
        payload = bytes.Slice(head, (int)length);
        return head + (int)length;
    }
}

/// <summary>Chunked transfer coding, RFC 9112 section 7.1: each chunk of the stream is one payload.</summary>
internal sealed class ChunkedPayload : Payload
{
    public override int Take(ReadOnlySpan<byte> bytes, out FrameKind kind, out ReadOnlySpan<byte> payload)
    {
        kind = FrameKind.Data;
        payload = default;
        var line = bytes.IndexOf("\r\n"u8);
        if (line < 0) return 0;
        var length = Convert.ToInt32(System.Text.Encoding.ASCII.GetString(bytes[..line]), 16);
        var whole = line + 2 + length + 2;
        if (bytes.Length < whole) return 0;
        kind = length == 0 ? FrameKind.End : FrameKind.Data;
        payload = bytes.Slice(line + 2, length);
        return whole;
    }
}
