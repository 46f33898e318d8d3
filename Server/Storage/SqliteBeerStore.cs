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
    private readonly SqliteFold _fold;
    private readonly SqliteReader _committerReader;
    private readonly SqliteTypes _types;
    private readonly ConcurrentBag<SqliteReader> _idleReaders = [];
    private long _head;
    private volatile bool _closed;

    /// <param name="acceptLoss">Whether to go on with a store whose newest part is lost.</param>
    /// <param name="migration">What leads to the newest schema; what this BeerTap knows.</param>
    /// <param name="longestTail">How many events lie behind what is folded into the tables made from the log.</param>
    /// <param name="say">Told how far a migration is.</param>
    /// <exception cref="StoreException">The store cannot be opened, or it is damaged; nothing was changed.</exception>
    public SqliteBeerStore(
        StoreFolder folder, bool acceptLoss = false, SqliteMigration? migration = null, int longestTail = SqliteFold.LongestTail, Action<string>? say = null)
    {
        _folder = folder;
        (_files, var opened) = SqliteFiles.Open(folder, acceptLoss, migration ?? SqliteMigration.Known, say ?? (_ => { }));
        try
        {
            (Epoch, Head, Warnings, _head) = (opened.Epoch, opened.Head, opened.Warnings, opened.Head);
            Bookmark = SqliteSchema.ReadBookmark(_files.Writer);
            _types = new SqliteTypes(_files.Writer);
            _committerReader = new SqliteReader(_files.Writer, _types);
            _fold = new SqliteFold(_files.Writer, _types, _committerReader, longestTail);
            _append = new SqliteAppend(_files.Writer, _types, _fold);
        }
        catch (SqliteException fault)
        {
            _files.Abandon();
            throw fault.Explain(_files.Path, "be opened");
        }
    }

    public string Epoch { get; }

    public long Head { get; }

    public byte[]? Bookmark { get; }

    public IReadOnlyList<string> Warnings { get; }

    public OpenFiles Files => _folder.Files;

    public void Append(LogBatch batch)
    {
        Files.Check();
        _files.Settle();
        try
        {
            _append.Run(batch);
        }
        catch (SqliteException fault)
        {
            var told = fault.Explain(_files.Path, "commit");
            _files.Failed(isOfTheBatch: told.Fault == StoreFault.Refused);
            throw told;
        }

        _head = batch.Head;
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

    public TimeTotals Sum(DateTime from) => Read(reader => reader.Sum(from));

    public IReadOnlyList<StoredTotal> ReadTotals()
    {
        // Of the committer's own, as the log's tail is: nobody commits while a hub starts.
        var totals = Read(_committerReader, reader => reader.ReadTotals()).ToDictionary(total => (total.TapId, total.Type));
        foreach (var tail in _fold.Tail())
        {
            var key = (tail.TapId, tail.Type);
            totals[key] = totals.TryGetValue(key, out var total)
                ? total with { Beers = total.Beers + tail.Beers, Units = total.Units + tail.Units, LastPour = tail.LastPour > DateTime.UnixEpoch ? tail.LastPour : total.LastPour }
                : tail;
        }

        return [.. totals.Values];
    }

    public void Dispose()
    {
        if (_closed) return;
        _closed = true;
        while (_idleReaders.TryTake(out var reader)) reader.Dispose();
        FoldAll();
        _append.Dispose();
        _fold.Dispose();
        _committerReader.DisposeStatements();
        _files.Dispose();
        _folder.Dispose();
    }

    private void FoldAll()
    {
        try
        {
            _append.FoldAll(_head);
            _files.Committed(_head);
        }
        catch (SqliteException)
        {
            // It stays in the log's tail, where the next start finds it.
            _files.Failed(isOfTheBatch: false);
        }
    }

    private T Read<T>(Func<SqliteReader, T> read)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (!_idleReaders.TryTake(out var reader))
        {
            // Another file at the same path is not this store.
            Files.Check();
            reader = new SqliteReader(SqliteFiles.Connect(_files.Path), _types);
        }

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
