using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;

namespace BeerTap.Server.Storage;

/// <summary>
/// Whether the files of a SQLite store are whole, found before anything is written: SQLite by itself would make a new database where one was
/// cut to nothing, and would drop the damaged end of its log without a word.
/// </summary>
/// <param name="Log">The log as it was found; null when there was none.</param>
/// <param name="Warnings">What an operator must know, though the store serves.</param>
internal sealed record SqliteOpening(string Epoch, long Head, SqliteWal? Log, IReadOnlyList<string> Warnings)
{
    public const string Making = SqliteFiles.FileName + ".making";

    /// <summary>Looks at the files while SQLite does not have them; makes the store when there was none.</summary>
    /// <param name="mayMake">Whether a store may be made; a command that only reads makes none.</param>
    public static Found LookBefore(StoreFolder folder, bool mayMake = true)
    {
        UnfinishedRestore.Refuse(folder.Path);
        var (file, markFile) = (folder.File(SqliteFiles.FileName), folder.File(HighWaterMark.FileName));
        var log = SqliteWal.Look(file + "-wal");
        var hasMark = File.Exists(markFile);
        var mark = hasMark ? HighWaterMark.Read(markFile) : null;
        if (!File.Exists(file))
        {
            if (log is { Frames: > 0 } or { Fault: not null }) throw SqliteFaults.Damaged(file, "it is missing, but its log is there");
            if (hasMark && mark is not { Head: 0 }) throw SqliteFaults.Damaged(file, $"it is missing, but {Acknowledged(mark)}");
            if (!mayMake) throw new StoreException($"There is no SQLite store in {folder.Path}; nothing was made.");
            Make(folder);
            folder.HoldStore(SqliteFiles.FileName);
            return new Found(null, mark, hasMark);
        }

        CheckFirstPage(file);
        folder.HoldStore(SqliteFiles.FileName);
        return new Found(log, mark, hasMark);
    }

    /// <summary>Compares what SQLite recovered with what was acknowledged.</summary>
    public static SqliteOpening Look(
        StoreFolder folder, SqliteConnection writer, Found before, bool acceptLoss, int newest = SqliteSchema.Version, bool mayChange = true)
    {
        var file = folder.File(SqliteFiles.FileName);
        var (epoch, head) = SqliteSchema.Read(writer, newest);
        var warnings = new List<string>();
        if (LossIn(file, epoch, head, before) is { } loss)
        {
            if (!acceptLoss) throw Lost(file, loss, head);
            var kept = SqliteLoss.Accept(folder, writer);
            warnings.Add($"{loss}. As Storage:AcceptLoss says, the store goes on at position {head} under a new epoch; the files as they were found are in {kept}.");
            epoch = SqliteSchema.Read(writer, newest).Epoch;
            before = before with { Log = null };
        }

        if (!mayChange) return new SqliteOpening(epoch, head, before.Log, warnings);
        warnings.AddRange(RemoveHalfMade(folder));
        if (before is { Mark: null, HasMark: true }) warnings.Add(SetAside(folder.File(HighWaterMark.FileName)));
        else if (!before.HasMark && head > 0)
            warnings.Add($"{folder.File(HighWaterMark.FileName)} is missing, so it cannot be told whether the store lacks its newest pours; it is made anew.");
        return new SqliteOpening(epoch, head, before.Log, warnings);
    }

    /// <summary>Puts a finished file in the place of the store, so that a store is there whole or not at all.</summary>
    public static void Place(StoreFolder folder, Action<string> make, Action? beforePlacing = null)
    {
        var making = folder.File(Making);

        // What was left half-made by a kill: nothing in it was ever acknowledged.
        RemoveHalfMade(folder);
        make(making);
        Disk.FlushFile(making);
        beforePlacing?.Invoke();
        Disk.Rename(making, folder.File(SqliteFiles.FileName));
    }

    /// <summary>Deletes what a kill left half-made, and says so.</summary>
    public static IReadOnlyList<string> RemoveHalfMade(StoreFolder folder)
    {
        var left = Directory.GetFiles(folder.Path, Making + "*");
        foreach (var file in left) File.Delete(file);
        return [.. left.Select(file => $"Removed {file}, which a restore or a start that was cut short left behind.")];
    }

    private static void Make(StoreFolder folder) => Place(folder, file =>
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        try
        {
            connection.Open();
            SqlitePageSums.Reserve(connection);
            SqliteSchema.Make(connection, folder.EpochOfNew);
        }
        catch (SqliteException fault)
        {
            throw fault.Explain(file, "be made");
        }
    });

    public static void CheckFirstPage(string file)
    {
        using var stream = File.OpenRead(file);
        var page = new byte[SqlitePageSums.PageSize];
        var read = stream.ReadAtLeast(page, page.Length, throwOnEndOfStream: false);
        if (read == 0) throw SqliteFaults.Damaged(file, "it is empty; a store never is");
        if (!page.AsSpan().StartsWith("SQLite format 3\0"u8)) throw SqliteFaults.Damaged(file, "it does not begin as a store does; it may be another program's file");
        if (read == page.Length && page[20] == 0 && page[16] == 0x10 && page[17] == 0)
            throw new StoreException($"The store {file} was made without page checksums, by another program or by a BeerTap before its first release. Move it away; nothing was changed.");
        if (read < page.Length || !SqlitePageSums.Fits(page, 0)) throw SqliteFaults.Damaged(file, "its first page does not fit its checksum");
    }

    private static string? LossIn(string file, string epoch, long head, Found found)
    {
        if (found.Log?.Fault is { } fault) return $"Its log {file}-wal cannot be read to its end: {fault}";
        if (found.Mark is not { } mark) return null;
        if (mark.Epoch != epoch) return $"{HighWaterMark.FileName} belongs to a store of another epoch ({mark.Epoch}, this one is {epoch}): one of the files comes from elsewhere";
        var log = found.Log;
        if (mark.LogLength > 0 && !(mark.Closing && log is null))
        {
            if (log is null or { Id: 0 }) return $"Its log {file}-wal is missing or cut to nothing, though {mark.LogLength} frames of it were flushed";
            if (log.Id == mark.LogId && log.Frames < mark.LogLength)
                return $"Its log {file}-wal was cut or damaged: {log.Frames} frames can be read of {mark.LogLength} that were flushed";
            if (!log.Follows(mark.LogId)) return $"Its log {file}-wal is an older one, or comes from another store";
        }
        else if (mark.LogLength == 0 && log is { Commits: > 1 }) return $"Its log {file}-wal comes from another store: this one was stopped in order and left none";

        return head < mark.Head ? $"It ends at position {head}, but {Acknowledged(mark)}: {mark.Head - head} are lost" : null;
    }

    private static StoreException Lost(string file, string loss, long head) => new(
        $"The store {file} is damaged: {loss}. Nothing was changed. Restore a backup with 'restore FILE'; or, to go on with what can be read (positions up to {head}), " +
        "start once with --Storage:AcceptLoss=true, which keeps the files under another name first.",
        fault: StoreFault.Damaged);

    private static string SetAside(string markFile)
    {
        var aside = markFile + ".damaged";
        File.Move(markFile, aside, overwrite: true);
        return $"{markFile} cannot be read, so it cannot be told whether the store lacks its newest pours; it was moved to {aside} and is made anew.";
    }

    private static string Acknowledged(Mark? mark) =>
        mark is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known.Head} positions were acknowledged") : $"{HighWaterMark.FileName} says there was a store";

    /// <summary>The files as they were before SQLite had them.</summary>
    internal sealed record Found(SqliteWal? Log, Mark? Mark, bool HasMark);
}
