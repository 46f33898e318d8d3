using BeerTap.Server.Beers;

namespace BeerTap.Server.Storage;

/// <summary>
/// Decides, in log order, what becomes of each command and which position it gets. The same commands in the same order on the same store
/// always come to the same log, so whoever orders the commands (one committer here, a replicated log later) needs no other agreement.
/// </summary>
internal sealed class Sequencer(IBeerStore store)
{
    public Outcome Decide(Command command, LogBatch batch) => command switch
    {
        PourBeer pour => Pour(pour, batch),
        DeleteBeer delete => Delete(delete, batch),
        _ => throw new ArgumentOutOfRangeException(nameof(command), command, "This command is unknown."),
    };

    private Outcome Pour(PourBeer pour, LogBatch batch)
    {
        if (pour.PourId is { } pourId && (batch.FindPour(pour.TapId, pourId) ?? store.FindPour(pour.TapId, pourId)) is { } before)
            return new Outcome(before.Volume.Equals(pour.Volume) ? OutcomeKind.Replayed : OutcomeKind.PourIdReused, before);

        return new Outcome(OutcomeKind.Poured, batch.Pour(pour));
    }

    private Outcome Delete(DeleteBeer delete, LogBatch batch)
    {
        var beer = batch.HasDeleted(delete.Id) ? null : batch.FindPoured(delete.Id) ?? store.Find(delete.Id);
        if (beer is null) return new Outcome(OutcomeKind.NotFound);
        batch.Delete(beer, delete.Timestamp);
        return new Outcome(OutcomeKind.Deleted, beer);
    }
}
