using System.Buffers;
using System.Buffers.Binary;
using BeerTap.Server.Hosting;

namespace BeerTap.Server.Live;

/// <summary>A WebSocket frame as a server writes it: not masked, RFC 6455 section 5.2. The same bytes for every listener.</summary>
internal static class WebSocketFrame
{
    /// <summary>What stands before a payload at most, of a length that fits 32 bits.</summary>
    public const int MostHead = 10;

    private const byte FinalText = 0x81, FinalBit = 0x80, ControlBit = 0x08, OpcodeBits = 0x0f, Close = 0x08, Length16 = 126, Length64 = 127;

    /// <summary>Writes the head of a whole text message of so many bytes.</summary>
    /// <returns>How long the head is.</returns>
    public static int WriteHead(Span<byte> output, int length)
    {
        output[0] = FinalText;
        if (length < Length16)
        {
            output[1] = (byte)length;
            return 2;
        }

        if (length <= ushort.MaxValue)
        {
            output[1] = Length16;
            BinaryPrimitives.WriteUInt16BigEndian(output[2..], (ushort)length);
            return 4;
        }

        output[1] = Length64;
        BinaryPrimitives.WriteInt64BigEndian(output[2..], length);
        return MostHead;
    }

    /// <summary>Writes the head of a whole text message of so many bytes, which come next.</summary>
    public static void PutHead(this ref JsonText text, int length) => text.Advance(WriteHead(text.Rest, length));

    /// <summary>Pings, pongs and closes.</summary>
    public static bool IsControl(ReadOnlySpan<byte> frame) => (frame[0] & ControlBit) != 0;

    public static bool IsClose(ReadOnlySpan<byte> frame) => (frame[0] & OpcodeBits) == Close;

    /// <summary>Whether it is the last frame of its message.</summary>
    public static bool IsFinal(ReadOnlySpan<byte> frame) => (frame[0] & FinalBit) != 0;

    public static ReadOnlySpan<byte> PayloadOf(ReadOnlySpan<byte> frame) => Cut(frame, out _);

    /// <summary>What is in whole frames, one behind the other, without their heads.</summary>
    public static byte[] PayloadsOf(ReadOnlySpan<byte> frames)
    {
        var payloads = new ArrayBufferWriter<byte>(frames.Length);
        while (frames.Length > 0)
        {
            payloads.Write(Cut(frames, out var size));
            frames = frames[size..];
        }

        return payloads.WrittenSpan.ToArray();
    }

    private static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> frames, out int size)
    {
        var (head, length) = frames[1] switch
        {
            Length16 => (4, BinaryPrimitives.ReadUInt16BigEndian(frames[2..])),
            Length64 => (MostHead, checked((int)BinaryPrimitives.ReadInt64BigEndian(frames[2..]))),
            var small => (2, small),
        };
        size = head + length;
        return frames[head..size];
    }
}
