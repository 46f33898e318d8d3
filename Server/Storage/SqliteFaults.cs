using Microsoft.Data.Sqlite;

namespace BeerTap.Server.Storage;

/// <summary>SQLite's faults in words for an operator.</summary>
internal static class SqliteFaults
{
    private const int Io = 10, Corrupt = 11, Full = 13, TooBig = 18, Constraint = 19, Mismatch = 20, NotADatabase = 26, IoWrite = Io | (3 << 8), IoShmSize = Io | (19 << 8);

    public static StoreException Explain(this SqliteException fault, string file, string doing) => KindOf(fault) switch
    {
        StoreFault.DiskFull => new StoreException($"The store {file} could not {doing}: the disk is full. Make room; it goes on by itself.", fault, StoreFault.DiskFull),
        StoreFault.Damaged => Damaged(file, $"it could not {doing}, because a part of it does not fit its checksum or structure ({fault.Message})", fault),
        _ => new StoreException($"The store {file} could not {doing}: {fault.Message}", fault),
    };

    /// <summary>What is damaged is left as it is: only an operator can know whether there is a better copy.</summary>
    public static StoreException Damaged(string file, string what, Exception? inner = null) => new(
        $"The store {file} is damaged: {what}. Nothing was changed. Restore a backup with 'restore FILE', or look with 'check'.", inner, StoreFault.Damaged);

    private static StoreFault KindOf(SqliteException fault) => fault.SqliteErrorCode switch
    {
        TooBig or Constraint or Mismatch => StoreFault.Refused,
        Full => StoreFault.DiskFull,
        Corrupt or NotADatabase => StoreFault.Damaged,
        Io when fault.SqliteExtendedErrorCode == SqlitePageSums.Damaged => StoreFault.Damaged,

        // A quota or a size limit is told as a failed write.
        Io when fault.SqliteExtendedErrorCode is IoWrite or IoShmSize => StoreFault.DiskFull,
        _ => StoreFault.Unavailable,
    };
}
