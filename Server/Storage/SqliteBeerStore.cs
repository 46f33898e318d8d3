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
    private const string FileName = "beertap.db";

    // https://sqlite.org/rescode.html: the codes that blame a value, not the store.
    private const int SqliteTooBig = 18, SqliteConstraint = 19, SqliteMismatch = 20;

    /// <summary>Seconds a statement waits for a lock; only a stranger in the file can hold one that long.</summary>
    private const int LockTimeout = 5;

    /// <summary>Readers that are kept for the next call; more are closed after use.</summary>
    private const int MostIdleReaders = 8;

    private readonly StoreFolder _folder;
    private readonly string _connectionString;
    private readonly SqliteConnection _writer;
    private readonly SqliteAppend _append;
    private readonly SqliteReader _committerReader;
    private readonly SqliteTypes _types;
    private readonly ConcurrentBag<SqliteReader> _idleReaders = [];
    private volatile bool _closed;

    public SqliteBeerStore(StoreFolder folder)
    {
        _folder = folder;
        var file = folder.File(FileName);
        _connectionString = new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, DefaultTimeout = LockTimeout }.ToString();
        try
        {
            _writer = Connect(SqliteSchema.TuneWriter);
            Epoch = SqliteSchema.Open(_writer);
            Head = SqliteSchema.ReadHead(_writer);
            _types = new SqliteTypes(_writer);
            _append = new SqliteAppend(_writer, _types);
            _committerReader = new SqliteReader(_writer, _types);
        }
        catch (SqliteException fault)
        {
            _writer?.Dispose();
            throw new StoreException($"The store {file} cannot be opened: {fault.Message} Nothing was changed.", fault);
        }
        catch
        {
            _writer?.Dispose();
            throw;
        }
    }

    public string Epoch { get; }

    public long Head { get; }

    public void Append(LogBatch batch)
    {
        try
        {
            _append.Run(batch);
        }
        catch (SqliteException fault)
        {
            var blamesBatch = fault.SqliteErrorCode is SqliteTooBig or SqliteConstraint or SqliteMismatch;
            throw new StoreException($"SQLite could not commit: {fault.Message}", fault, blamesBatch ? StoreFault.Refused : StoreFault.Unavailable);
        }
    }

    // The committer asks on its own connection, which it alone uses.
    public Beer? FindPour(int tapId, string pourId) => Read(_committerReader, reader => reader.FindPour(tapId, pourId));

    public Beer? Find(long id) => Read(reader => reader.Find(id));

    public IReadOnlyList<LogEvent> ReadLog(long after, int limit) => Read(reader => reader.ReadLog(after, limit));

    public IReadOnlyList<Beer> List(BeerFilter filter, PageCut cut) => Read(reader => reader.List(filter, cut));

    public long Count(BeerFilter filter) => Read(reader => reader.Count(filter));

    public IReadOnlyList<StoredTotal> ReadTotals() => Read(reader => reader.ReadTotals());

    public void Dispose()
    {
        _closed = true;
        while (_idleReaders.TryTake(out var reader)) reader.Dispose();
        _append.Dispose();
        _committerReader.Dispose();
        _folder.Dispose();
    }

    private T Read<T>(Func<SqliteReader, T> read)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        var reader = TakeReader();
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

    private SqliteReader TakeReader()
    {
        if (_idleReaders.TryTake(out var idle)) return idle;
        try
        {
            return new SqliteReader(Connect(SqliteSchema.TuneReader), _types);
        }
        catch (SqliteException fault)
        {
            throw new StoreException($"SQLite could not open another connection: {fault.Message}", fault);
        }
    }

    private static T Read<T>(SqliteReader reader, Func<SqliteReader, T> read)
    {
        try
        {
            return read(reader);
        }
        catch (SqliteException fault)
        {
            throw new StoreException($"SQLite could not read: {fault.Message}", fault);
        }
    }

    private SqliteConnection Connect(Action<SqliteConnection> tune)
    {
        var connection = new SqliteConnection(_connectionString);
        try
        {
            connection.Open();
            tune(connection);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
