using System.Text.Json;
using System.Text.Json.Serialization;
using BeerTap.Server.Beers;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Replication;

/// <summary>An entry as it stands in the log: JSON, so that a person can read the log with the broker's own tools.</summary>
/// <remarks>
/// <c>{"v":1,"epoch":"k7m2qx9f","from":"…","n":17,"do":[{"tap":1,"type":"pint","ml":500,"at":1767225600000,"id":"…","claimed":…},{"delete":12,"at":…}]}</c>.
/// An entry about keys has <c>"keys":[{"id":"…","role":"tap","tapId":1,"hash":"…","created":"…","revoked":"…"}]</c>, as <c>keys.json</c> has them: hashes,
/// no texts; <c>"asksKeys":true</c> asks all hubs for theirs. A reader passes over fields it does not know. What it must not pass over comes with a higher <c>v</c>.
/// </remarks>
internal static class LogEntryJson
{
    /// <summary>The newest version that this hub understands, and the one it writes.</summary>
    public const int Version = 1;

    /// <summary>The first and the last millisecond that a time can have.</summary>
    private const long EarliestTime = -62_135_596_800_000, LatestTime = 253_402_300_799_999;

    public static byte[] Write(LogEntry entry) => JsonSerializer.SerializeToUtf8Bytes(
        new Envelope(Version, entry.Epoch, entry.Sender, entry.Number, [.. entry.Commands.Select(ToLine)], entry.Begins?.After, entry.Keys?.Keys, entry.Keys is { Asks: true } ? true : null),
        LogEntryJsonContext.Default.Envelope);

    /// <exception cref="LogException">It is of a newer version, or none of BeerTap's.</exception>
    public static LogEntry Read(ReadOnlySpan<byte> json, long offset)
    {
        try
        {
            if (JsonSerializer.Deserialize(json, LogEntryJsonContext.Default.Envelope) is not { V: Version, Epoch: { } epoch, From: { } from, Do: { } lines } entry) throw NotRead(json, offset);
            return new LogEntry(epoch, from, entry.N, Array.ConvertAll(lines, line => ToCommand(line, offset)), entry.After is { } after ? new LogBeginning(after) : null, ToNews(entry, offset));
        }
        catch (JsonException)
        {
            throw NotRead(json, offset);
        }
    }

    /// <summary>Why an entry is not understood. The version alone is read: all else may have changed its shape.</summary>
    private static LogException NotRead(ReadOnlySpan<byte> json, long offset)
    {
        try
        {
            if (JsonSerializer.Deserialize(json, LogEntryJsonContext.Default.Versioned) is { V: > Version and var version })
            {
                return new LogException(
                    $"Entry {offset} of the log was written by a newer BeerTap (entry version {version}, this one knows {Version}). Upgrade this hub; until then it must not go on, for it would come to other beers than the hubs that understand the entry.");
            }
        }
        catch (JsonException)
        {
            // Then it is no JSON at all.
        }

        return NotOurs(offset);
    }

    private static LogException NotOurs(long offset) =>
        new($"Entry {offset} of the log is none of BeerTap's. Somebody else writes into the stream; give the hubs one of their own (Log:Stream).");

    private static Line ToLine(Command command) => command switch
    {
        PourBeer pour => new Line(Clock.ToUnix(pour.Timestamp), Tap: pour.TapId, Type: pour.Type, Ml: pour.Volume, Id: pour.PourId, Claimed: pour.Claimed is { } claimed ? Clock.ToUnix(claimed) : null),
        DeleteBeer delete => new Line(Clock.ToUnix(delete.Timestamp), Delete: delete.Id),
        _ => throw new ArgumentOutOfRangeException(nameof(command), command, "This command is unknown."),
    };

    private static Command ToCommand(Line line, long offset) => line switch
    {
        null or { At: < EarliestTime or > LatestTime } or { Claimed: < EarliestTime or > LatestTime } => throw NotOurs(offset),
        { Delete: { } id } => new DeleteBeer(id, Clock.FromUnix(line.At)),
        { Tap: { } tap, Type: { } type, Ml: { } volume } when double.IsFinite(volume) => new PourBeer(tap, type, volume, Clock.FromUnix(line.At), line.Id, line.Claimed is { } claimed ? Clock.FromUnix(claimed) : null),
        _ => throw NotOurs(offset),
    };

    private static KeyNews? ToNews(Envelope entry, long offset)
    {
        if (entry.Keys is null && entry.AsksKeys is null) return null;
        var keys = entry.Keys ?? [];

        // One that is not whole would spoil the hub's own file.
        return keys.All(key => key is { IsWhole: true }) ? new KeyNews(keys, entry.AsksKeys == true) : throw NotOurs(offset);
    }

    internal sealed record Versioned(int V);

    internal sealed record Envelope(int V, string Epoch, string From, long N, Line[] Do, long? After = null, IReadOnlyList<ApiKey>? Keys = null, bool? AsksKeys = null);

    internal sealed record Line(long At, int? Tap = null, string? Type = null, double? Ml = null, string? Id = null, long? Delete = null, long? Claimed = null);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(LogEntryJson.Versioned))]
[JsonSerializable(typeof(LogEntryJson.Envelope))]
internal sealed partial class LogEntryJsonContext : JsonSerializerContext;
