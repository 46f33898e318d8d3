using System.Buffers.Binary;

namespace BeerTap.Server.Storage;

/// <summary>
/// What SQLite's write-ahead log holds, found without SQLite: on opening, SQLite takes the frames up to the first one that does not fit its
/// checksum and drops the rest without a word.
/// </summary>
/// <param name="Id">The generation: two salts, the upper of which counts up by one when the log begins anew.</param>
/// <param name="Frames">The frames that SQLite takes: up to the last commit before anything that does not fit.</param>
/// <param name="Commits">The commits that these frames are.</param>
/// <param name="Fault">What proves that more was flushed than SQLite would take, or null.</param>
internal sealed record SqliteWal(ulong Id, long Frames, long Commits = 0, string? Fault = null)
{
    private const int HeaderLength = 32, FrameHeaderLength = 24, FrameLength = FrameHeaderLength + SqlitePageSums.PageSize;

    // The mark is flushed in each generation, so one is the most there can be; the rest is for marks that could not be written.
    private const uint MostGenerations = 16;
    private const uint MagicLittleEndian = 0x377F0682;

    /// <summary>Null when the file is not there or empty.</summary>
    public static SqliteWal? Look(string path)
    {
        if (!File.Exists(path)) return null;
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1 << 20);
        if (file.Length == 0) return null;

        // Without one whole frame nothing was ever committed to it.
        var header = new byte[HeaderLength];
        if (file.Length < HeaderLength + FrameLength) return new SqliteWal(0, 0);
        file.ReadExactly(header);
        var (sum, id) = (Sum(header.AsSpan(0, 24), (0, 0)), BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(16)));
        var sound = BinaryPrimitives.ReadUInt32BigEndian(header) == MagicLittleEndian
            && BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(8)) == SqlitePageSums.PageSize
            && sum == Stored(header.AsSpan(24));
        return sound ? LookAtFrames(file, id, sum) : new SqliteWal(id, 0, Fault: "its header is damaged");
    }

    /// <summary>The generation of a log that SQLite has open.</summary>
    public static ulong ReadId(Microsoft.Win32.SafeHandles.SafeFileHandle file)
    {
        Span<byte> id = stackalloc byte[sizeof(ulong)];
        return RandomAccess.Read(file, id, 16) == id.Length ? BinaryPrimitives.ReadUInt64BigEndian(id) : 0;
    }

    /// <summary>Whether this is the same generation as another, or one soon after it; the chance that another store's is taken for one is 4 in 10^9.</summary>
    public bool Follows(ulong other) => Id == other || (uint)(Id >> 32) - (uint)(other >> 32) is > 0 and <= MostGenerations;

    /// <remarks>
    /// A commit is written only after the one before was flushed. So when frames of this generation follow a commit that SQLite would drop,
    /// that commit had been flushed and is damaged; whereas the last commit may have been torn by a power cut before anybody was answered.
    /// </remarks>
    private static SqliteWal LookAtFrames(FileStream file, ulong id, (uint, uint) sum)
    {
        var (frame, number, taken, commits) = (new byte[FrameLength], 0L, 0L, 0L);
        var (whole, droppedCommit) = (true, false);
        while (file.ReadAtLeast(frame, FrameLength, throwOnEndOfStream: false) == FrameLength)
        {
            // Frames of an older generation lie behind the newest; a frame whose salts are damaged looks the same and is passed over.
            var ours = BinaryPrimitives.ReadUInt64BigEndian(frame.AsSpan(8)) == id;
            if (droppedCommit && ours) return new SqliteWal(id, taken, commits, $"frame {taken + 1} or one soon behind it is damaged, and flushed commits follow");
            sum = Sum(frame.AsSpan(FrameHeaderLength), Sum(frame.AsSpan(0, 8), sum));
            whole &= ours && sum == Stored(frame.AsSpan(16));
            number++;
            if (BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(4)) == 0) continue;
            if (whole) (taken, commits) = (number, commits + 1);
            else if (ours) droppedCommit = true;
        }

        return new SqliteWal(id, taken, commits);
    }

    private static (uint, uint) Stored(ReadOnlySpan<byte> bytes) =>
        (BinaryPrimitives.ReadUInt32BigEndian(bytes), BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]));

    /// <summary>SQLite's own checksum of its log, over little-endian words as every usual machine writes it.</summary>
    private static (uint, uint) Sum(ReadOnlySpan<byte> bytes, (uint First, uint Second) before)
    {
        var (first, second) = before;
        for (var at = 0; at < bytes.Length; at += 8)
        {
            first += BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]) + second;
            second += BinaryPrimitives.ReadUInt32LittleEndian(bytes[(at + 4)..]) + first;
        }

        return (first, second);
    }
}
