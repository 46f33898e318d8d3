using System.Buffers.Binary;
using System.Runtime.InteropServices;
using BeerTap.Server.Beers;
using LiteDB;

namespace BeerTap.Server.Storage;

/// <summary>The documents of the LiteDB store, with the short field names that every one of them carries.</summary>
/// <remarks>
/// log, one a position: a pour <c>{_id: seq, a: at, t: tap, g: type, v: volume, k: [walk keys], d: pour id, c: claimed time}</c>, a deletion
/// <c>{_id: seq, a: at, p: id of the beer}</c>. A pour that was deleted loses its walk keys and gains <c>p</c>, the deletion's position.<br/>
/// pours <c>{_id: bucket and chunk, e: entries}</c>, see <see cref="LiteDbPours"/>; types <c>{_id: number, n: name}</c>;
/// totals <c>{_id: series, n: beers, u: units, l: last pour}</c>; hourly <c>{_id: series and hour, n, u}</c>;
/// hours <c>{_id: hour, f: first seq, l: last seq}</c>, which positions an hour's pours lie between; meta <c>{_id: name, v: value}</c>.
/// </remarks>
internal static class LiteDbDocuments
{
    public const string Log = "log", Pours = "pours", Types = "types", Totals = "totals", Hourly = "hourly", Hours = "hours", Meta = "meta";

    /// <summary>The series of every tap together.</summary>
    public const int AllTaps = 0;

    private const int SeriesLength = sizeof(int) + sizeof(int);
    private const int HexPourId = 32;
    private const byte PourIdIsText = 1;

    public static BsonDocument Poured(Beer beer, int type, string? pourId)
    {
        var document = new BsonDocument
        {
            ["_id"] = beer.Id,
            ["a"] = Clock.ToUnix(beer.Timestamp),
            ["t"] = beer.TapId,
            ["g"] = type,
            ["v"] = beer.Volume,
            ["k"] = new BsonArray(Key(beer.TapId, type, beer.Id), Key(AllTaps, type, beer.Id)),
        };
        if (pourId is not null) document["d"] = PourId(pourId);
        if (beer.PouredAtClaimed is { } claimed) document["c"] = Clock.ToUnix(claimed);
        return document;
    }

    /// <summary>Turns a pour into one that was deleted: without keys no walk meets it, but the log and its pour id still do.</summary>
    public static BsonDocument Delete(BsonDocument pour, long deletion)
    {
        pour.Remove("k");
        pour["p"] = deletion;
        return pour;
    }

    public static BsonDocument Deleted(BeerDeleted deletion) => new()
    {
        ["_id"] = deletion.Seq,
        ["a"] = Clock.ToUnix(deletion.Timestamp),
        ["p"] = deletion.Beer.Id,
    };

    public static bool IsPour(BsonDocument document) => document.ContainsKey("t");

    public static bool IsLive(BsonDocument document) => IsPour(document) && !document.ContainsKey("p");

    public static Beer ToBeer(BsonDocument document, LiteDbTypes types) => new(
        document["_id"].AsInt64,
        types.NameOf(document["g"].AsInt32),
        document["v"].AsDouble,
        Clock.FromUnix(document["a"].AsInt64),
        document["t"].AsInt32,
        document["c"] is { IsInt64: true } claimed ? Clock.FromUnix(claimed.AsInt64) : null);

    /// <summary>A tap's glass type: the beginning of the keys of its beers and hours.</summary>
    public static BsonValue Series(int tapId, int type) => WriteSeries(new byte[SeriesLength], tapId, type);

    /// <summary>A beer's place in a series, or an hour's.</summary>
    public static BsonValue Key(int tapId, int type, long place)
    {
        var key = new byte[SeriesLength + sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(SeriesLength), place);
        return WriteSeries(key, tapId, type);
    }

    public static (int TapId, int Type) ReadSeries(BsonValue key)
    {
        ReadOnlySpan<byte> bytes = key.AsBinary;
        return (BinaryPrimitives.ReadInt32BigEndian(bytes), BinaryPrimitives.ReadInt32BigEndian(bytes[sizeof(int)..]));
    }

    /// <summary>
    /// 32 lower-case hex digits, as most devices make them, are kept as their 16 bytes, any other as its UTF-16 and a mark, so
    /// that two that differ never meet.
    /// </summary>
    public static BsonValue PourId(string pourId) => pourId.Length == HexPourId && pourId.All(char.IsAsciiHexDigitLower)
        ? Convert.FromHexString(pourId)
        : (byte[])[.. MemoryMarshal.AsBytes(pourId.AsSpan()), PourIdIsText];

    // Big-endian, so that LiteDB's order of bytes is the order of the numbers; none of them is negative.
    private static BsonValue WriteSeries(byte[] key, int tapId, int type)
    {
        BinaryPrimitives.WriteInt32BigEndian(key, tapId);
        BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(sizeof(int)), type);
        return key;
    }
}
