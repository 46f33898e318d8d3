using BeerTap.Server.Beers;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace BeerTap.Server.Storage;

/// <summary>The one transaction that appends a batch, with its statements prepared once.</summary>
internal sealed class SqliteAppend : IDisposable
{
    private readonly SqliteConnection _writer;
    private readonly SqliteTypes _types;
    private readonly SqliteFold _fold;
    private readonly SqliteStatement _begin;
    private readonly SqliteStatement _commit;
    private readonly SqliteStatement _rollback;
    private readonly SqliteStatement _pour;
    private readonly SqliteStatement _deletion;
    private readonly SqliteStatement _deleted;
    private readonly SqliteStatement _pourId;
    private readonly SqliteStatement _bookmark;

    public SqliteAppend(SqliteConnection writer, SqliteTypes types, SqliteFold fold)
    {
        (_writer, _types, _fold) = (writer, types, fold);
        _begin = new SqliteStatement(writer, "BEGIN IMMEDIATE");
        _commit = new SqliteStatement(writer, "COMMIT");
        _rollback = new SqliteStatement(writer, "ROLLBACK");
        _pour = new SqliteStatement(writer, "INSERT INTO log (seq, at, tap, type, volume, claimed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
        _deletion = new SqliteStatement(writer, "INSERT INTO log (seq, at, pair) VALUES (?1, ?2, ?3)");
        _deleted = new SqliteStatement(writer, "UPDATE log SET pair = ?2 WHERE seq = ?1");
        _pourId = new SqliteStatement(writer, "INSERT INTO pours (tap, pour, seq) VALUES (?1, ?2, ?3)");
        _bookmark = new SqliteStatement(writer, "INSERT OR REPLACE INTO meta VALUES ('bookmark', ?1)");
    }

    public void Run(LogBatch batch) => Run(batch, foldAll: false);

    /// <summary>Folds what is left, so that the next start has nothing to count again.</summary>
    public void FoldAll(long head) => Run(new LogBatch(head), foldAll: true);

    private void Run(LogBatch batch, bool foldAll)
    {
        var added = new List<string>();
        try
        {
            _begin.Run();
            _fold.Fold(batch.Start, added, foldAll);
            Write(batch, added);
            _commit.Run();
        }
        catch
        {
            _types.Forget(added);
            RollBack();
            throw;
        }

        _fold.Committed(batch);
    }

    public void Dispose()
    {
        foreach (var statement in new[] { _begin, _commit, _rollback, _pour, _deletion, _deleted, _pourId, _bookmark }) statement.Dispose();
    }

    /// <summary>A full disk or a failing one makes SQLite roll back by itself; the provider's own transaction would not notice and stay open.</summary>
    private void RollBack()
    {
        if (raw.sqlite3_get_autocommit(_writer.Handle!) == 0) _rollback.Run();
    }

    private void Write(LogBatch batch, List<string> added)
    {
        foreach (var entry in batch.Events)
        {
            if (entry is BeerPoured { Beer: var beer })
            {
                Pour(beer, added);
            }
            else if (entry is BeerDeleted deletion)
            {
                _deletion.Run(deletion.Seq, Clock.ToUnix(deletion.Timestamp), deletion.Beer.Id);
                _deleted.Run(deletion.Beer.Id, deletion.Seq);
                _fold.TakeOut(deletion, added);
            }
        }

        foreach (var ((tapId, pourId), beer) in batch.Pours) Remember(tapId, pourId, beer.Id);
        if (batch.Bookmark is not { } bookmark) return;
        _bookmark.Bind(1, bookmark);
        _bookmark.Run();
    }

    private void Pour(Beer beer, List<string> added)
    {
        _pour.Bind(1, beer.Id);
        _pour.Bind(2, Clock.ToUnix(beer.Timestamp));
        _pour.Bind(3, beer.TapId);
        _pour.Bind(4, _types.IdOf(beer.Type, added));
        SqliteVolume.Bind(_pour, 5, beer.Volume);
        if (beer.PouredAtClaimed is { } claimed) _pour.Bind(6, Clock.ToUnix(claimed));
        else _pour.BindNull(6);
        _pour.Run();
    }

    private void Remember(int tapId, string pourId, long seq)
    {
        _pourId.Bind(1, tapId);
        SqlitePourId.Bind(_pourId, 2, pourId);
        _pourId.Bind(3, seq);
        _pourId.Run();
    }
}
