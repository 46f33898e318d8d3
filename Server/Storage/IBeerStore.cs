using BeerTap.Server.Beers;

namespace BeerTap.Server.Storage;

/// <summary>
/// An embedded store that keeps the log. One thread appends; any thread reads at the same time. Every implementation passes one and the
/// same contract suite.
/// </summary>
internal interface IBeerStore : IDisposable
{
    /// <summary>The short random name made with the store; positions of another epoch mean nothing here.</summary>
    string Epoch { get; }

    /// <summary>The number of the last committed position when the store was opened; 0 in a new store.</summary>
    long Head { get; }

    /// <summary>The <see cref="LogBatch.Bookmark"/> of the last batch that had one, when the store was opened; null when none had.</summary>
    byte[]? Bookmark { get; }

    /// <summary>What an operator must know of how the store was found, though it serves.</summary>
    IReadOnlyList<string> Warnings => [];

    /// <summary>The files that it has open; null when it has none.</summary>
    OpenFiles? Files => null;

    /// <summary>Appends a batch in one transaction and returns when it is on the disk (fsync). After an exception none of it is there.</summary>
    /// <exception cref="StoreException">The batch was not committed.</exception>
    void Append(LogBatch batch);

    /// <summary>The beer that was poured under this pour id, also when it was deleted since.</summary>
    Beer? FindPour(int tapId, string pourId);

    /// <summary>The beer, unless it was deleted or never there.</summary>
    Beer? Find(long id);

    /// <summary>The events after a position number, in order, at most <paramref name="limit"/> of them.</summary>
    IReadOnlyList<LogEvent> ReadLog(long after, int limit);

    /// <summary>A page of the beers that are there, by id.</summary>
    IReadOnlyList<Beer> List(BeerFilter filter, PageCut cut);

    /// <summary>How many beers a filter with a time matches, from the hourly totals and at most two hours counted out.</summary>
    long Count(BeerFilter filter);

    /// <summary>What was poured at a time or later and is there, from the hourly totals and at most one hour counted out; all of one moment.</summary>
    TimeTotals Sum(DateTime from);

    /// <summary>The kept totals of each tap and glass type; read once, at start.</summary>
    IReadOnlyList<StoredTotal> ReadTotals();
}

/// <summary>Which beers; null means any. <paramref name="From"/> is included, <paramref name="To"/> is not.</summary>
internal sealed record BeerFilter(string? Type = null, int? TapId = null, DateTime? From = null, DateTime? To = null);

/// <summary>Which part of the filtered beers: up or down by id, after a known id (by key, cheap) or after skipping some (by number).</summary>
internal sealed record PageCut(int Size, bool Descending = false, long? AfterId = null, long Skip = 0);

/// <summary>Totals of a time, by glass type, and the position number they are of; a type without beers may be left out.</summary>
internal sealed record TimeTotals(long Head, IReadOnlyList<TypeTotal> Types);

/// <summary>A glass type's total. <paramref name="Units"/> are ten-thousandths of a millilitre.</summary>
internal sealed record TypeTotal(string Type, long Beers, long Units);

/// <summary>A kept total. <paramref name="Units"/> are ten-thousandths of a millilitre.</summary>
internal sealed record StoredTotal(int TapId, string Type, long Beers, long Units, DateTime LastPour);
