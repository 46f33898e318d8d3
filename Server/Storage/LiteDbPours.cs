using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using LiteDB;
using LiteDB.Engine;

namespace BeerTap.Server.Storage;

/// <summary>Which position each pour id has, in buckets by its hash.</summary>
/// <remarks>
/// Pour ids are random, and an index of them would change five pages of 8 KiB for each pour; a bucket changes one. A bucket is a chain of
/// chunks of 16-byte entries, hash and seq; only the last chunk grows. Ten million pours make chains of five.
/// </remarks>
/// <param name="bucketBits">How many bits of the hash choose the bucket; a file keeps to one number. Fewer make a test's chains long.</param>
internal sealed class LiteDbPours(LiteEngine engine, int bucketBits = 14)
{
    private const string Entries = "e";
    private const int EntryLength = sizeof(ulong) + sizeof(long);
    private const int MostEntries = 128, FewestEntries = 8;

    /// <summary>The log's entry of a pour, also when the beer was deleted since.</summary>
    public BsonDocument? Find(int tapId, string pourId)
    {
        var hash = Hash(tapId, pourId);
        return Find(Chain(hash), hash, tapId, pourId);
    }

    /// <summary>Adds a batch's pours, each to the last chunk of its bucket; within one bucket each sees the one before.</summary>
    /// <exception cref="StoreException">One of them is there already.</exception>
    public void Add(LogBatch batch) => engine.Upsert(
        LiteDbDocuments.Pours,
        batch.Pours.Select(pour => Added(pour.Key.TapId, pour.Key.PourId, pour.Value.Id)),
        BsonAutoId.ObjectId);

    /// <summary>The chunk that gets a new pour.</summary>
    private BsonDocument Added(int tapId, string pourId, long seq)
    {
        var hash = Hash(tapId, pourId);
        var chain = Chain(hash).ToList();
        if (Find(chain, hash, tapId, pourId) is not null)
            throw new StoreException($"The pour id {pourId} of tap {tapId} is there already.", fault: StoreFault.Refused);

        var chunk = chain.LastOrDefault() ?? NewChunk(hash, 0);
        var used = Used(chunk[Entries].AsBinary);
        if (used == MostEntries) (chunk, used) = (NewChunk(hash, chain.Count), 0);
        var entries = chunk[Entries].AsBinary;

        // Doubled, not lengthened by one: a document that grows each time is torn into pieces all over the file.
        if (entries.Length == used * EntryLength) Array.Resize(ref entries, Math.Max(entries.Length * 2, FewestEntries * EntryLength));
        BinaryPrimitives.WriteUInt64BigEndian(entries.AsSpan(used * EntryLength), hash);
        BinaryPrimitives.WriteInt64BigEndian(entries.AsSpan(used * EntryLength + sizeof(ulong)), seq);
        chunk[Entries] = entries;
        return chunk;
    }

    private BsonDocument? Find(IEnumerable<BsonDocument> chain, ulong hash, int tapId, string pourId)
    {
        var id = LiteDbDocuments.PourId(pourId);
        return chain.SelectMany(chunk => Seqs(chunk[Entries].AsBinary, hash))
            .Select(seq => engine.Find(LiteDbDocuments.Log, seq))
            .FirstOrDefault(pour => pour is not null && pour["t"].AsInt32 == tapId && pour["d"] == id);
    }

    private IEnumerable<BsonDocument> Chain(ulong hash) => engine.Between(
        LiteDbDocuments.Pours, LiteDbDocuments.Key(BucketOf(hash), 0, 0), LiteDbDocuments.Key(BucketOf(hash), 0, long.MaxValue));

    private BsonDocument NewChunk(ulong hash, int number) => new()
    {
        ["_id"] = LiteDbDocuments.Key(BucketOf(hash), 0, number),
        [Entries] = Array.Empty<byte>(),
    };

    private static IEnumerable<long> Seqs(byte[] entries, ulong hash)
    {
        for (var at = 0; at < entries.Length; at += EntryLength)
        {
            if (BinaryPrimitives.ReadUInt64BigEndian(entries.AsSpan(at)) == hash && SeqAt(entries, at) is > 0 and var seq) yield return seq;
        }
    }

    /// <summary>How many entries are taken; a free one has no seq.</summary>
    private static int Used(byte[] entries)
    {
        var used = entries.Length / EntryLength;
        while (used > 0 && SeqAt(entries, (used - 1) * EntryLength) == 0) used--;
        return used;
    }

    private static long SeqAt(byte[] entries, int at) => BinaryPrimitives.ReadInt64BigEndian(entries.AsSpan(at + sizeof(ulong)));

    private int BucketOf(ulong hash) => (int)(hash >> (64 - bucketBits));

    /// <summary>Of SHA-256, so that nobody's ids meet on purpose and every machine finds them again.</summary>
    private static ulong Hash(int tapId, string pourId)
    {
        var text = MemoryMarshal.AsBytes(pourId.AsSpan());
        Span<byte> bytes = stackalloc byte[sizeof(int) + text.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, tapId);
        text.CopyTo(bytes[sizeof(int)..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }
}
