using System.Globalization;

namespace BeerTap.Client;

/// <summary>
/// All that the client says, one line at a time, each with its local time. Many taps speak through one report, so a line
/// is written under a lock; nothing else is.
/// </summary>
internal sealed class ConsoleReport(TextWriter output, TimeProvider time, bool quiet)
{
    /// <summary>A share report names at most this many taps; a bar with more would fill the screen.</summary>
    public const int MostTapsNamed = 10;

    private const int LongestForeignText = 300;

    private readonly Lock _writing = new();

    /// <summary>Something that matters even to those who asked for quiet.</summary>
    public void Say(string text)
    {
        var now = time.GetLocalNow();
        Write(string.Create(CultureInfo.InvariantCulture, $"{now:HH:mm:ss} {text}"));
    }

    public void Heard(FeedEvent heard)
    {
        if (!quiet && Line(heard) is { } line)
        {
            Say(line);
        }
    }

    /// <summary>The last line of a run, bare so that scripts find it by its first word.</summary>
    public void Summary(Summary summary) => Write(summary.ToString());

    private static string? Line(FeedEvent heard) => heard switch
    {
        { Event: FeedEvent.BeerPoured, Beer: { } beer } =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"tap {beer.TapId} poured {Article(beer.Type)} {Printable(beer.Type)} ({beer.Volume:0.0} ml): beer {beer.Id}"),
        { Event: FeedEvent.BeerDeleted, Id: { } id } => string.Create(CultureInfo.InvariantCulture, $"beer {id} deleted"),
        { Event: FeedEvent.ShareReport, Report: { } report } => Line(report),
        _ => null,
    };

    private static string Line(ShareReport report)
    {
        var taps = report.Taps ?? [];
        var named = taps.Take(MostTapsNamed).Select(tap =>
            string.Create(CultureInfo.InvariantCulture, $"tap {tap.TapId} {tap.Share:0.00}% ({tap.Beers})"));
        var rest = taps.Count > MostTapsNamed ? $", and {taps.Count - MostTapsNamed} more taps" : "";
        return string.Create(CultureInfo.InvariantCulture, $"share of {report.TotalBeers} beers: {string.Join(", ", named)}{rest}");
    }

    /// <summary>Text that came from elsewhere, safe for a terminal: no control characters, not without end.</summary>
    public static string Printable(string text)
    {
        var clean = string.Concat(text.Take(LongestForeignText).Select(c => char.IsControl(c) ? ' ' : c));
        return text.Length > LongestForeignText ? clean + "…" : clean;
    }

    public static string Pours(int count) => count == 1 ? "1 pour" : string.Create(CultureInfo.InvariantCulture, $"{count} pours");

    public static string PoursWait(int count) => Pours(count) + (count == 1 ? " waits" : " wait");

    private static string Article(string type) => type.Length > 0 && "aeiouAEIOU".Contains(type[0]) ? "an" : "a";

    private void Write(string line)
    {
        lock (_writing)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }
}
