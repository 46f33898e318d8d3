using System.Buffers.Binary;
using System.IO.Hashing;

namespace BeerTap.Server.Core.Log;

/// <summary>
/// The idempotency record of an entry: the key with its scope, and what is needed to answer the same command again. The log searches by
/// the key; the rest is the writer's.
/// </summary>
internal static class IdempotencyRecord
{
    /// <summary>Writes a record.</summary>
    /// <returns>The number of bytes written.</returns>
    public static int Write(Span<byte> target, ReadOnlySpan<byte> key, ReadOnlySpan<byte> rest)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(target, checked((ushort)key.Length));
        key.CopyTo(target[sizeof(ushort)..]);
        rest.CopyTo(target[(sizeof(ushort) + key.Length)..]);
        return sizeof(ushort) + key.Length + rest.Length;
    }

    public static ReadOnlySpan<byte> KeyOf(ReadOnlySpan<byte> record) =>
        record.Slice(sizeof(ushort), BinaryPrimitives.ReadUInt16LittleEndian(record));

    public static ReadOnlySpan<byte> RestOf(ReadOnlySpan<byte> record) =>
        record[(sizeof(ushort) + BinaryPrimitives.ReadUInt16LittleEndian(record))..];

    /// <summary>Gets the hash that indexes hold. It only narrows a search: a reader that finds an entry by it compares the key.</summary>
    /// <param name="salt">Secret of the log: clients choose the keys, and could otherwise choose many of one hash.</param>
    public static ulong HashOf(ReadOnlySpan<byte> key, long salt) => XxHash3.HashToUInt64(key, salt);
}
