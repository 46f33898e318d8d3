using System.Buffers.Binary;

namespace BeerTap.Server.Core.Log;

/// <summary>Represents a batch as it was read from a segment, checked.</summary>
internal readonly ref struct StoredBatch
{
    private readonly ReadOnlySpan<byte> _bytes;

    private StoredBatch(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public int Length => _bytes.Length;

    public long FirstNumber => BinaryPrimitives.ReadInt64LittleEndian(_bytes[8..]);

    public int Count => BinaryPrimitives.ReadInt32LittleEndian(_bytes[24..]);

    /// <summary>Gets the entries, one behind the other.</summary>
    public ReadOnlySpan<byte> Entries => _bytes[Batch.HeaderLength..^TrailerLength];

    /// <summary>Gets the numbers of the entries that the batch redacted.</summary>
    public long[] Redactions
    {
        get
        {
            var numbers = new long[RedactionsLength / sizeof(long)];
            var bytes = _bytes[^TrailerLength..];
            for (var i = 0; i < numbers.Length; i++)
            {
                numbers[i] = BinaryPrimitives.ReadInt64LittleEndian(bytes[(i * sizeof(long))..]);
            }

            return numbers;
        }
    }

    public ReadOnlySpan<byte> Bookmark => _bytes[^(int)BookmarkLength..];

    private int TrailerLength => (int)(BookmarkLength + RedactionsLength);

    private long RedactionsLength => sizeof(long) * BinaryPrimitives.ReadUInt32LittleEndian(_bytes[28..]);

    private long BookmarkLength => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[32..]);

    /// <summary>Gets the length that a batch claims to have; 0 where no batch was written.</summary>
    public static int LengthAt(ReadOnlySpan<byte> header) => BinaryPrimitives.ReadInt32LittleEndian(header);

    /// <summary>Reads the batch that fills these bytes.</summary>
    /// <param name="bytes">As many as <see cref="LengthAt"/> says.</param>
    /// <param name="number">The number that the batch must begin with.</param>
    /// <param name="segment">The identity of the segment it must have been written to.</param>
    /// <returns>False when the bytes are not that batch, whole and unchanged.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, long number, ulong segment, out StoredBatch batch)
    {
        batch = new StoredBatch(bytes);
        return bytes.Length >= Batch.HeaderLength
            && LengthAt(bytes) == bytes.Length
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) == Checksum.Of(bytes[8..])
            && batch.FirstNumber == number
            && BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]) == segment
            && batch.HasWholeEntries();
    }

    private bool HasWholeEntries()
    {
        if (BookmarkLength + RedactionsLength > _bytes.Length - Batch.HeaderLength)
        {
            return false;
        }

        var rest = Entries;
        for (var left = Count; left > 0; left--)
        {
            if (LogEntry.LengthAt(rest) is not (> 0 and var length))
            {
                return false;
            }

            rest = rest[length..];
        }

        return rest.IsEmpty;
    }
}
