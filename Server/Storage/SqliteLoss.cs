using Microsoft.Data.Sqlite;

namespace BeerTap.Server.Storage;

/// <summary>Goes on with a store whose newest part is lost, because an operator said so.</summary>
internal static class SqliteLoss
{
    /// <summary>
    /// Keeps the files as they are, proves that what is left is one sound log, and begins a new epoch: the lost positions will be given to
    /// other pours, and a listener that stands at one of them must hear of it.
    /// </summary>
    /// <returns>The folder in which the files are kept.</returns>
    /// <exception cref="StoreException">What is left is not a sound log.</exception>
    public static string Accept(StoreFolder folder, SqliteConnection writer)
    {
        var faults = SqliteCheck.FaultsOf(writer);
        if (faults.Count > 0)
        {
            throw SqliteFaults.Damaged(
                folder.File(SqliteFiles.FileName), $"what is left of it is no sound log ({string.Join("; ", faults.Take(3))}), so it cannot go on even with Storage:AcceptLoss");
        }

        var kept = folder.KeepAside("lost", file => file.StartsWith(SqliteFiles.FileName, StringComparison.Ordinal) || file == HighWaterMark.FileName, _ => false);
        SqliteSchema.SetEpoch(writer, StoreFolder.NewEpoch());

        // What is damaged lies behind what was read of the log, and would be found again by the next start.
        if (!SqliteFiles.Checkpoint(writer, "TRUNCATE"))
            throw new StoreException($"The store {folder.File(SqliteFiles.FileName)} is read by another program, so its damaged log cannot be left behind. Stop that program and start again.");
        File.Delete(folder.File(HighWaterMark.FileName));
        return kept;
    }
}
