using System.Security.Cryptography;

namespace BeerTap.Server.Replication;

/// <summary>Who this hub is in the log, where its store stood when it was started, and so which log it belongs to.</summary>
/// <param name="Epoch">The store's epoch, which must be the log's.</param>
/// <param name="Offset">The offset of the last entry that the store has applied; -1 before the first.</param>
/// <param name="LastSender">Whose that entry was.</param>
/// <param name="Head">The number of the store's last position.</param>
internal sealed record LogIdentity(string Epoch, long Offset, string? LastSender, long Head)
{
    private const string Alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
    private const int Length = 12;

    /// <summary>Whose this hub's entries are: another name with each start, so that numbers may begin at 1.</summary>
    public string Sender { get; } = NewSender();

    public static string NewSender() => RandomNumberGenerator.GetString(Alphabet, Length);

    /// <summary>The store has applied nothing of the log: it must be what the log goes on from.</summary>
    /// <exception cref="LogException">It is not.</exception>
    public void CheckFirst(LogEntry first, long offset)
    {
        if (first.Begins is not { } beginning) throw Dropped(0, offset);
        if (first.Epoch != Epoch) throw Foreign(first.Epoch);
        if (beginning.After != Head)
        {
            throw new LogException(
                $"The log goes on from position {beginning.After} of its first hub's store, and this store stands at {Head}. Start this hub from a backup of another one: beertap restore FILE --keep-epoch.");
        }
    }

    /// <summary>What hubs wrote who wanted to begin the log, and were not the first, is of no epoch that counts.</summary>
    /// <exception cref="LogException">The entry is of another log.</exception>
    public void CheckEpoch(LogEntry entry)
    {
        if (entry.Epoch != Epoch && entry.Begins is null) throw Foreign(entry.Epoch);
    }

    /// <summary>Why the hub cannot go on: the entry it needs is not there any more.</summary>
    public static LogException Dropped(long wanted, long offset) => new(
        $"The log no longer has entry {wanted}; its oldest is {offset}, the rest was dropped by its retention. Start this hub from a newer backup of another one: beertap restore FILE --keep-epoch.");

    private LogException Foreign(string epoch) => new(
        $"The log is of epoch {epoch}, this hub's store of {Epoch}: they do not belong together. Give the hub an empty folder (Storage:Path), or the stream of its own log (Log:Stream).");
}
