using System.Globalization;
using System.Text;

namespace BeerTap.Client;

/// <summary>
/// All that the client says, one line at a time, each with its local time. Many taps speak through one report, so a line
/// is written under a lock; nothing else is.
/// </summary>
/// <param name="terminal">Null when the output is none: progress is then told in lines, not by a bar.</param>
internal sealed class ConsoleReport(TextWriter output, TimeProvider time, bool quiet, Terminal? terminal = null) : IReport
{
    /// <summary>A share report names at most this many taps; a bar with more would fill the screen.</summary>
    public const int MostTapsNamed = 10;

    /// <summary>Work on more pours than these is told by its progress, not by a line for each.</summary>
    public const int MostPoursInLines = 20;

    private const int LongestForeignText = 300;

    private static readonly TimeSpan BetweenProgressLines = TimeSpan.FromSeconds(2);

    private readonly Lock _writing = new();

    // Guarded by writing.
    private string? _bar;
    private long? _progressSaid;
    private long? _moved;
    private long _heardMeanwhile;

    public void Say(string text) => Write(WithTime(text, time.GetLocalNow()));

    /// <summary>Something that was said before, when there was no place to write it.</summary>
    public void Said(Watch.Saying said) => Write(WithTime(said.Text, said.At));

    public void Heard(FeedEvent heard)
    {
        if (!quiet && !IsLeftOut(heard) && Line(heard) is { } line)
        {
            Say(line);
        }
    }

    public void Progress(string work, long done, long total)
    {
        var counts = string.Create(CultureInfo.InvariantCulture, $"{work}: {done} of {total}");
        lock (_writing)
        {
            _moved = done < total && total > MostPoursInLines ? time.GetTimestamp() : null;
            if (_heardMeanwhile > 0 && done == total)
            {
                counts += string.Create(CultureInfo.InvariantCulture, $"; {_heardMeanwhile} pours heard meanwhile");
                _heardMeanwhile = 0;
            }

            if (terminal is not null && done < total)
            {
                EraseBar();
                _bar = Bars.Fit($"{Bars.Bar((double)done / total, 24)} {counts}", terminal.Width - 1);
                output.Write(_bar);
                output.Flush();
                return;
            }

            if (done < total && _progressSaid is { } said && time.GetElapsedTime(said) < BetweenProgressLines)
            {
                return;
            }

            EraseBar();
            _bar = null;
            _progressSaid = time.GetTimestamp();
        }

        Say(counts);
    }

    /// <summary>The last line of a run, bare so that scripts find it by its first word.</summary>
    public void Summary(Summary summary)
    {
        lock (_writing)
        {
            EraseBar();
            _bar = null;
        }

        Write(summary.ToString());
    }

    // While long work goes on, a line for each of its pours would hide how far it is. When it stands still, the pours of others are told again.
    private bool IsLeftOut(FeedEvent heard)
    {
        lock (_writing)
        {
            if (heard.Event != FeedEvent.BeerPoured || _moved is not { } moved || time.GetElapsedTime(moved) >= BetweenProgressLines)
            {
                return false;
            }

            _heardMeanwhile++;
            return true;
        }
    }

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

    // The taps beyond the ten that are named, and those that the report itself does not name, are one sum.
    private static string Line(ShareReport report)
    {
        var taps = report.Taps ?? [];
        var parts = taps.Take(MostTapsNamed).Select(tap =>
            string.Create(CultureInfo.InvariantCulture, $"tap {tap.TapId} {tap.Share:0.00}% ({tap.Beers})")).ToList();
        var unnamed = taps.Skip(MostTapsNamed).ToList();
        var others = report.Others ?? new OtherShares(0, 0, 0, 0);
        if (others.Taps + unnamed.Count > 0)
        {
            var (count, share, beers) = (others.Taps + unnamed.Count, others.Share + unnamed.Sum(tap => tap.Share), others.Beers + unnamed.Sum(tap => tap.Beers));
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "other" : "others")} {share:0.00}% ({beers})"));
        }

        return string.Create(CultureInfo.InvariantCulture, $"share of {report.TotalBeers} beers: {string.Join(", ", parts)}");
    }

    /// <summary>Text that came from elsewhere, safe for a terminal: no control characters, nothing that is not seen or turns lines or directions, not without end.</summary>
    public static string Printable(string text)
    {
        var clean = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (clean.Length >= LongestForeignText)
            {
                return clean.Append('…').ToString();
            }

            // What is no Unicode comes as U+FFFD.
            clean = Rune.GetUnicodeCategory(rune) switch
            {
                UnicodeCategory.Control => clean.Append(' '),
                UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => clean.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}"),
                _ => clean.Append(rune.ToString()),
            };
        }

        return clean.ToString();
    }

    public static string Pours(int count) => count == 1 ? "1 pour" : string.Create(CultureInfo.InvariantCulture, $"{count} pours");

    public static string PoursWait(int count) => Pours(count) + (count == 1 ? " waits" : " wait");

    private static string WithTime(string text, DateTimeOffset at) => string.Create(CultureInfo.InvariantCulture, $"{at:HH:mm:ss} {text}");

    private static string Article(string type) => type.Length > 0 && "aeiouAEIOU".Contains(type[0]) ? "an" : "a";

    private void Write(string line)
    {
        lock (_writing)
        {
            EraseBar();
            output.WriteLine(line);
            output.Write(_bar);
            output.Flush();
        }
    }

    // The bar stands in the last line of the screen, below all that was said.
    private void EraseBar()
    {
        if (_bar is not null)
        {
            output.Write("\r\u001b[2K");
        }
    }
}
