using System.Text.Json;
using System.Text.Json.Serialization;

namespace BeerTap.Server.Replication;

/// <summary>
/// How far a hub has applied the log, kept in its store with each batch: the offset of the last entry, and the last number of each hub that wrote.
/// Like the beers themselves it follows from the log alone, so it is the same in every hub at the same offset.
/// </summary>
internal sealed class LogBookmark
{
    /// <summary>
    /// Of so many senders, those that wrote last, the numbers are remembered. A sender is one start of one hub; an entry that comes late is of a hub
    /// that lives, or died within seconds, not of one that so many others came after.
    /// </summary>
    private const int MostSenders = 32;

    private readonly Dictionary<string, Last> _senders;

    private LogBookmark(long offset, long head, Dictionary<string, Last> senders) => (Offset, Head, _senders) = (offset, head, senders);

    /// <summary>The offset of the last entry that was applied; -1 before the first.</summary>
    public long Offset { get; private set; }

    /// <summary>The number of the store's position when it was kept. A store that stands elsewhere took something in that is not in the log.</summary>
    public long Head { get; }

    /// <summary>Whose the entry at <see cref="Offset"/> is; null before the first.</summary>
    public string? Sender => _senders.FirstOrDefault(sender => sender.Value.Offset == Offset).Key;

    /// <param name="head">Where the store stands that has applied nothing yet.</param>
    public static LogBookmark Start(long head) => new(-1, head, new(StringComparer.Ordinal));

    /// <exception cref="LogException">It is of a newer version, or damaged.</exception>
    public static LogBookmark Read(byte[] bytes)
    {
        try
        {
            if (JsonSerializer.Deserialize(bytes, LogBookmarkContext.Default.Kept) is { V: 1, Senders: { } senders } kept && !senders.ContainsValue(null!))
                return new LogBookmark(kept.Offset, kept.Head, new(senders, StringComparer.Ordinal));
        }
        catch (JsonException)
        {
            // Told below, with the other reason for the same.
        }

        throw new LogException("The store's place in the log is not understood: it was kept by another version of BeerTap, or it is damaged. Run the newer version, or restore a backup of another hub.");
    }

    /// <param name="head">Where the store stands with it.</param>
    public byte[] ToBytes(long head) => JsonSerializer.SerializeToUtf8Bytes(new Kept(1, Offset, head, _senders), LogBookmarkContext.Default.Kept);

    public LogBookmark Copy() => new(Offset, Head, new(_senders, StringComparer.Ordinal));

    /// <summary>Goes past an entry; whether it is to be applied. One that its sender's later ones have overtaken, or that was there before, is not.</summary>
    public bool Pass(LogEntry entry, long offset)
    {
        var before = _senders.GetValueOrDefault(entry.Sender);
        var isNew = before is null || entry.Number > before.Number;
        _senders[entry.Sender] = new Last(isNew ? entry.Number : before!.Number, offset);
        Offset = offset;
        if (_senders.Count > MostSenders) _senders.Remove(_senders.MinBy(sender => sender.Value.Offset).Key);
        return isNew;
    }

    internal sealed record Last(long Number, long Offset);

    internal sealed record Kept(int V, long Offset, long Head, Dictionary<string, Last> Senders);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LogBookmark.Kept))]
internal sealed partial class LogBookmarkContext : JsonSerializerContext;
