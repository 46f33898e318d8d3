using System.Buffers.Binary;

namespace BeerTap.Server.Core.Log;

/// <summary>
/// Represents one entry of the log: a view of its bytes, which are the same in a batch, in a segment and in a sealed block.
/// </summary>
/// <remarks>
/// The layout, little-endian: length (4) of the whole entry, CRC-32C (4) of what follows it, time (8), position (8), flags (1), lengths
/// of kind (1), channel (1), zero (1), body (4), private part (4) and idempotency record (2), zero (2); then kind, channel, idempotency
/// record, body and private part. The entry's number is not stored: it is the batch's first number plus the entry's place.
/// </remarks>
internal readonly struct LogEntry
{
    /// <summary>The bytes of an entry that has nothing of variable length.</summary>
    public const int HeaderLength = 40;

    /// <summary>The most bytes an entry takes, all parts together.</summary>
    public const int MaxLength = 1024 * 1024;

    internal const int PositionOffset = 16;
    private const byte RedactedFlag = 1;

    private readonly ReadOnlyMemory<byte> _bytes;

    public LogEntry(long number, ReadOnlyMemory<byte> bytes) => (Number, _bytes) = (number, bytes);

    /// <summary>Gets the log number: counts from 1 over all channels without gaps.</summary>
    public long Number { get; }

    /// <summary>
    /// Gets the time the command was taken, in milliseconds since 1970 UTC. It may be earlier than that of the entry before.
    /// </summary>
    public long At => BinaryPrimitives.ReadInt64LittleEndian(Span[8..]);

    /// <summary>Gets the number within the channel: counts from 1 without gaps.</summary>
    public long Position => BinaryPrimitives.ReadInt64LittleEndian(Span[PositionOffset..]);

    /// <summary>Gets a value indicating whether body and private part were erased.</summary>
    public bool IsRedacted => (Span[24] & RedactedFlag) != 0;

    public ReadOnlySpan<byte> Kind => Span.Slice(HeaderLength, Span[25]);

    public ReadOnlySpan<byte> Channel => Span.Slice(HeaderLength + Span[25], Span[26]);

    /// <summary>Gets the idempotency record of the command that made the entry; empty when the command had no key.</summary>
    public ReadOnlySpan<byte> Key => Span.Slice(HeaderLength + Span[25] + Span[26], KeyLength);

    /// <summary>Gets what listeners are sent, as JSON, without position, channel and cursor.</summary>
    public ReadOnlyMemory<byte> Body => _bytes.Slice(BodyOffset, BodyLength);

    /// <summary>Gets what only the module that wrote the entry sees; often empty.</summary>
    public ReadOnlyMemory<byte> Private => _bytes.Slice(BodyOffset + BodyLength, PrivateLength);

    /// <summary>Gets the entry as it is stored.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    private ReadOnlySpan<byte> Span => _bytes.Span;

    private int BodyLength => BinaryPrimitives.ReadInt32LittleEndian(Span[28..]);

    private int PrivateLength => BinaryPrimitives.ReadInt32LittleEndian(Span[32..]);

    private int KeyLength => BinaryPrimitives.ReadUInt16LittleEndian(Span[36..]);

    private int BodyOffset => HeaderLength + Span[25] + Span[26] + KeyLength;

    /// <summary>Gets the length of the entry that begins here, or 0 when no entry can begin with these bytes.</summary>
    public static int LengthAt(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderLength)
        {
            return 0;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        return length is >= HeaderLength and <= MaxLength && length <= bytes.Length ? length : 0;
    }

    /// <summary>Gets a value indicating whether the bytes are one whole entry, as it was written.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> bytes)
    {
        if (LengthAt(bytes) != bytes.Length || BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) != Checksum.Of(bytes[8..]))
        {
            return false;
        }

        var parts = (long)bytes[25] + bytes[26] + BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..])
            + BinaryPrimitives.ReadUInt32LittleEndian(bytes[32..]) + BinaryPrimitives.ReadUInt16LittleEndian(bytes[36..]);
        return HeaderLength + parts == bytes.Length;
    }

    /// <summary>Writes an entry.</summary>
    /// <param name="target">At least <see cref="LengthOf"/> bytes.</param>
    /// <returns>The number of bytes written.</returns>
    public static int Write(Span<byte> target, in NewEntry entry)
    {
        var length = checked((int)LengthOf(entry));
        target = target[..length];
        target[..HeaderLength].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(target, length);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], entry.At);
        BinaryPrimitives.WriteInt64LittleEndian(target[PositionOffset..], entry.Position);
        target[25] = checked((byte)entry.Kind.Length);
        target[26] = checked((byte)entry.Channel.Length);
        BinaryPrimitives.WriteInt32LittleEndian(target[28..], entry.Body.Length);
        BinaryPrimitives.WriteInt32LittleEndian(target[32..], entry.Private.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(target[36..], checked((ushort)entry.Key.Length));
        var rest = target[HeaderLength..];
        Put(ref rest, entry.Kind);
        Put(ref rest, entry.Channel);
        Put(ref rest, entry.Key);
        Put(ref rest, entry.Body);
        Put(ref rest, entry.Private);
        Sign(target);
        return length;
    }

    /// <summary>Gets the bytes an entry takes, which may be more than <see cref="MaxLength"/>.</summary>
    public static long LengthOf(in NewEntry entry) =>
        (long)HeaderLength + entry.Kind.Length + entry.Channel.Length + entry.Key.Length + entry.Body.Length + entry.Private.Length;

    /// <summary>Gets the entry without body and private part; everything else stays.</summary>
    public LogEntry Redacted()
    {
        var bytes = Span[..BodyOffset].ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length);
        bytes[24] |= RedactedFlag;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(28), 0);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(32), 0);
        Sign(bytes);
        return new LogEntry(Number, bytes);
    }

    private static void Sign(Span<byte> entry) => BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], Checksum.Of(entry[8..]));

    private static void Put(ref Span<byte> rest, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(rest);
        rest = rest[bytes.Length..];
    }
}

/// <summary>Represents an entry that is to be written. Names are UTF-8 and at most 255 bytes long.</summary>
internal readonly ref struct NewEntry
{
    public required ReadOnlySpan<byte> Channel { get; init; }

    public required long Position { get; init; }

    public required ReadOnlySpan<byte> Kind { get; init; }

    public required long At { get; init; }

    public ReadOnlySpan<byte> Key { get; init; }

    public ReadOnlySpan<byte> Body { get; init; }

    public ReadOnlySpan<byte> Private { get; init; }
}
