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
        _connectionString = new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString();
        try
        {
            _writer = Connect();
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
            throw new StoreException($"SQLite could not commit: {fault.Message}", fault);
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
        if (!_idleReaders.TryTake(out var reader)) reader = new SqliteReader(Connect(), _types);
        try
        {
            return Read(reader, read);
        }
        finally
        {
            _idleReaders.Add(reader);
            if (_closed && _idleReaders.TryTake(out var late)) late.Dispose();
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

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        SqliteSchema.Tune(connection);
        return connection;
    }
}
