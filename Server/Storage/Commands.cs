using BeerTap.Server.Beers;

namespace BeerTap.Server.Storage;

/// <summary>What a caller asks the log to take. Whether it does, and at which position, is decided in log order.</summary>
internal abstract record Command;

/// <summary>A validated and classified pour. Times are UTC with whole milliseconds.</summary>
/// <param name="Claimed">What the device said in the place of <paramref name="Timestamp"/>, when that could not be.</param>
internal sealed record PourBeer(int TapId, string Type, double Volume, DateTime Timestamp, string? PourId, DateTime? Claimed = null) : Command;

/// <summary>Takes a beer out of the collection.</summary>
internal sealed record DeleteBeer(long Id, DateTime Timestamp) : Command;

internal enum OutcomeKind
{
    /// <summary>Stored now.</summary>
    Poured,

    /// <summary>The same pour was stored before; nothing happened.</summary>
    Replayed,

    /// <summary>The pour id belongs to a pour of another volume; nothing happened.</summary>
    PourIdReused,

    /// <summary>The beer was taken out now.</summary>
    Deleted,

    /// <summary>There is no such beer, or no more.</summary>
    NotFound,

    /// <summary>Too many pours wait; nothing happened.</summary>
    IntakeFull,

    /// <summary>The store failed to commit.</summary>
    StoreUnavailable,
}

/// <summary>
/// What became of a command; <see cref="Beer"/> is there for every kind that speaks of one, <see cref="Fault"/> means something when the store
/// was unavailable.
/// </summary>
internal readonly record struct Outcome(OutcomeKind Kind, Beer? Beer = null, StoreFault Fault = StoreFault.Unavailable);
