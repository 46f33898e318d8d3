using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace BeerTap.Server.Storage;

/// <summary>
/// A prepared statement on SQLite's own interface. The provider's command makes objects of parameters and values, which costs more than the
/// row itself; it stays for what is done once.
/// </summary>
/// <remarks>Used by one thread at a time, like the connection it belongs to. Parameters and columns: the first parameter is 1, the first column 0.</remarks>
internal sealed class SqliteStatement : IDisposable
{
    /// <summary>How long it waits for a lock; only a stranger in the file can hold one that long.</summary>
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(5), LockRetry = TimeSpan.FromMilliseconds(5);

    private readonly sqlite3 _connection;
    private readonly sqlite3_stmt _statement;
    private bool _running;

    public SqliteStatement(SqliteConnection connection, string sql)
    {
        _connection = connection.Handle!;
        Check(raw.sqlite3_prepare_v3(_connection, sql, raw.SQLITE_PREPARE_PERSISTENT, out _statement));
    }

    public void Bind(int parameter, long value) => Check(raw.sqlite3_bind_int64(_statement, parameter, value));

    public void Bind(int parameter, double value) => Check(raw.sqlite3_bind_double(_statement, parameter, value));

    public void Bind(int parameter, string value) => Check(raw.sqlite3_bind_text(_statement, parameter, value));

    public void Bind(int parameter, ReadOnlySpan<byte> value) => Check(raw.sqlite3_bind_blob(_statement, parameter, value));

    public void BindNull(int parameter) => Check(raw.sqlite3_bind_null(_statement, parameter));

    /// <summary>Numbered from 1 on; for statements that are not run for every row.</summary>
    public void BindAll(params ReadOnlySpan<object> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] is string text) Bind(i + 1, text);
            else if (values[i] is byte[] bytes) Bind(i + 1, bytes);
            else if (values[i] is double real) Bind(i + 1, real);
            else Bind(i + 1, Convert.ToInt64(values[i], System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Runs a statement that gives no rows, with all it is bound to.</summary>
    public void Run()
    {
        try
        {
            while (Step())
            {
            }
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Binds these from 1 on and runs it.</summary>
    public void Run(params ReadOnlySpan<long> values)
    {
        for (var i = 0; i < values.Length; i++) Bind(i + 1, values[i]);
        Run();
    }

    /// <summary>Whether there is another row.</summary>
    public bool Step()
    {
        var result = raw.sqlite3_step(_statement);
        if (result == raw.SQLITE_BUSY && !_running) result = StepOnceFree();
        _running = true;
        if (result == raw.SQLITE_ROW) return true;
        if (result != raw.SQLITE_DONE) Check(result);
        return false;
    }

    /// <summary>Makes it ready for the next run. What it tells is the fault of the step before, which was thrown.</summary>
    public void Reset()
    {
        _running = false;
        raw.sqlite3_reset(_statement);
    }

    public bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    public bool IsInteger(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_INTEGER;

    public long Int64(int column) => raw.sqlite3_column_int64(_statement, column);

    public double Double(int column) => raw.sqlite3_column_double(_statement, column);

    public void Dispose() => _statement.Dispose();

    private int StepOnceFree()
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            raw.sqlite3_reset(_statement);
            Task.Delay(LockRetry, TimeProvider.System, CancellationToken.None).GetAwaiter().GetResult();
            var result = raw.sqlite3_step(_statement);
            if (result != raw.SQLITE_BUSY || TimeProvider.System.GetElapsedTime(began) > LockTimeout) return result;
        }
    }

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK) SqliteException.ThrowExceptionForRC(result, _connection);
    }
}
