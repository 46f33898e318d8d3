using System.Globalization;
using BeerTap.Server.Beers;
using BeerTap.Server.Live;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Transfer;

/// <summary>Makes a pour of a record, by the rules of <c>POST /api/beers</c>, or says what is wrong with it.</summary>
/// <param name="source">A name for the file, so that its lines have ids of their own where they bring none; null when it has none.</param>
internal sealed class PourCheck(GlassTypes glasses, string? source, TimeProvider time)
{
    private const int LongestType = 32;
    private const char NotUnicode = '\uFFFD';
    private static readonly TimeSpan LongestClockLead = TimeSpan.FromDays(1);
    private static readonly DateTimeOffset EarliestPour = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The pour, always with an id, and the position it had where it comes from, if it says so.</summary>
    public (PourBeer? Pour, Position? Position, string? Fault) Of(Record record)
    {
        if (record.Fault is not null) return (null, null, record.Fault);
        var faults = new List<string>();
        if (!int.TryParse(record.TapId, NumberStyles.None, CultureInfo.InvariantCulture, out var tapId) || tapId < 1)
            faults.Add("tapId must be a whole number from 1 to 2147483647");
        var type = Type(record, faults, out var volume);
        var at = PouredAt(record, faults);
        Position? position = null;
        if (record.Position is { } text)
        {
            if (Position.TryParse(text, out var parsed)) position = parsed;
            else faults.Add("position must be one as an event gave it, such as k3x9q2ab-42");
        }

        var pourId = record.PourId ?? position?.ToString() ?? record.Position ?? (source is null ? null : string.Create(CultureInfo.InvariantCulture, $"{source}:{record.Line}"));
        if (pourId is null) faults.Add("there is neither pourId nor position, so a second import could not know it again; name the file with --source=NAME");
        else if (PourReader.FaultOfPourId(pourId) is { } fault) faults.Add($"pourId {fault.TrimEnd('.')}");
        else if (pourId.Contains(NotUnicode, StringComparison.Ordinal)) faults.Add("pourId is not valid UTF-8");
        if (faults.Count > 0) return (null, null, string.Join("; ", faults));
        return (new PourBeer(tapId, type!, volume, at, pourId), record.PourId is null ? position : null, null);
    }

    /// <summary>The glass type the file says, since the table may have been another when it was poured; else the one that the volume fits.</summary>
    private string? Type(Record record, List<string> faults, out double volume)
    {
        if (!double.TryParse(record.Volume, NumberStyles.Float, CultureInfo.InvariantCulture, out volume) || !double.IsFinite(volume) || volume is <= 0 or > 1_000_000)
        {
            faults.Add("volume must be a number of millilitres");
            return null;
        }

        if (record.Type is { } said)
        {
            if (said.Length is 0 or > LongestType || said.Any(char.IsControl) || said.Contains(NotUnicode, StringComparison.Ordinal)) faults.Add("type must be 1 to 32 printable characters");
            return said;
        }

        var type = glasses.Classify(volume);
        if (type is null) faults.Add(string.Create(CultureInfo.InvariantCulture, $"no glass holds {volume} ml, and no type is there"));
        return type;
    }

    private DateTime PouredAt(Record record, List<string> faults)
    {
        if (record.PouredAt is null || !Instant.TryParse(record.PouredAt, out var at)) faults.Add("pouredAt must be an ISO 8601 time with Z or an offset, such as 2026-11-21T18:30:00Z");
        else if (at > time.GetUtcNow() + LongestClockLead) faults.Add("pouredAt is more than a day ahead");
        else if (at < EarliestPour) faults.Add("pouredAt is before the year 2000");
        else return Clock.FromUnix(at.ToUnixTimeMilliseconds());
        return default;
    }
}
