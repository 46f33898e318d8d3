using BeerTap.Server.Storage;

namespace BeerTap.Server.Replication;

/// <summary>
/// One entry of the log that hubs share: what one hub asks the log to take, in one piece. What becomes of it is decided by every hub for itself,
/// in log order, and is the same everywhere.
/// </summary>
/// <param name="Epoch">The log it belongs to; that of every hub's store.</param>
/// <param name="Sender">The hub that wrote it, by a random name that is new with each of its starts.</param>
/// <param name="Number">
/// Counts the sender's entries from 1. One that is not higher than the sender's last does nothing: it was sent again, or overtaken. Entries by which
/// a hub looks where the log ends are counted down from -1, and so overtake nothing that was sent before them and is sent again after.
/// </param>
/// <param name="Commands">What it asks for; empty in an entry that only shows that the log takes entries.</param>
/// <param name="Begins">Set in the first entry of a log, and in those of hubs that wanted to be first.</param>
/// <param name="Keys">What the sender knows of keys, or asks about them; null in an entry that does not speak of them.</param>
internal sealed record LogEntry(string Epoch, string Sender, long Number, IReadOnlyList<Command> Commands, LogBeginning? Begins = null, KeyNews? Keys = null);

/// <summary>How a log begins.</summary>
/// <param name="After">The position number that the store of its first hub stood at; everything up to it is in that hub's backups only.</param>
internal sealed record LogBeginning(long After);
