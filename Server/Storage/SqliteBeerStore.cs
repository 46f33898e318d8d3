using System.Collections.Concurrent;
using BeerTap.Server.Beers;
using Microsoft.Data.Sqlite;

namespace BeerTap.Server.Storage;

/// <summary>
/// The log in SQLite: WAL with <c>synchronous=FULL</c>, so a commit that returned has been flushed. One connection appends; readers each
/// take a connection of their own and never wait for it.
/// </summary>
internal sealed class SqliteBeerStore : IBeerStore
{
    /// <summary>Readers that are kept for the next call; more are closed after use.</summary>
    private const int MostIdleReaders = 8;

    private readonly StoreFolder _folder;
    private readonly SqliteFiles _files;
    private readonly SqliteAppend _append;
    private readonly SqliteReader _committerReader;
    private readonly SqliteTypes _types;
    private readonly ConcurrentBag<SqliteReader> _idleReaders = [];
    private volatile bool _closed;

    /// <param name="acceptLoss">Whether to go on with a store whose newest part is lost.</param>
    /// <param name="migration">What leads to the newest schema; what this BeerTap knows.</param>
    /// <exception cref="StoreException">The store cannot be opened, or it is damaged; nothing was changed.</exception>
    public SqliteBeerStore(StoreFolder folder, bool acceptLoss = false, SqliteMigration? migration = null)
    {
        _folder = folder;
        (_files, var opened) = SqliteFiles.Open(folder, acceptLoss, migration ?? SqliteMigration.Known);
        try
        {
            (Epoch, Head, Warnings) = (opened.Epoch, opened.Head, opened.Warnings);
            _types = new SqliteTypes(_files.Writer);
            _append = new SqliteAppend(_files.Writer, _types);
            _committerReader = new SqliteReader(_files.Writer, _types);
        }
        catch (SqliteException fault)
        {
            _files.Abandon();
            throw fault.Explain(_files.Path, "be opened");
        }
    }

    public string Epoch { get; }

    public long Head { get; }

    public IReadOnlyList<string> Warnings { get; }

    public void Append(LogBatch batch)
    {
        try
        {
            _append.Run(batch);
        }
        catch (SqliteException fault)
        {
            _files.Failed();
            throw fault.Explain(_files.Path, "commit");
        }

        _files.Committed(batch.Head);
    }

    // The committer asks on its own connection, which it alone uses.
    public Beer? FindPour(int tapId, string pourId)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        return Read(_committerReader, reader => reader.FindPour(tapId, pourId));
    }

    public Beer? Find(long id) => Read(reader => reader.Find(id));

    public IReadOnlyList<LogEvent> ReadLog(long after, int limit) => Read(reader => reader.ReadLog(after, limit));

    public IReadOnlyList<Beer> List(BeerFilter filter, PageCut cut) => Read(reader => reader.List(filter, cut));

    public long Count(BeerFilter filter) => Read(reader => reader.Count(filter));

    public IReadOnlyList<StoredTotal> ReadTotals() => Read(reader => reader.ReadTotals());

    public void Dispose()
    {
        if (_closed) return;
        _closed = true;
        while (_idleReaders.TryTake(out var reader)) reader.Dispose();
        _append.Dispose();
        _committerReader.DisposeStatements();
        _files.Dispose();
        _folder.Dispose();
    }

    private T Read<T>(Func<SqliteReader, T> read)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (!_idleReaders.TryTake(out var reader)) reader = new SqliteReader(SqliteFiles.Connect(_files.Path), _types);
        try
        {
            return Read(reader, read);
        }
        finally
        {
            if (_closed || _idleReaders.Count >= MostIdleReaders) reader.Dispose();
            else _idleReaders.Add(reader);
        }
    }

    private T Read<T>(SqliteReader reader, Func<SqliteReader, T> read)
    {
        try
        {
            return read(reader);
        }
        catch (SqliteException fault)
        {
            throw fault.Explain(_files.Path, "be read");
        }
    }
}
