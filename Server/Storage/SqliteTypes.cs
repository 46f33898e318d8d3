using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace BeerTap.Server.Storage;

/// <summary>Glass types by number: a row of the log holds one byte, not a name. Names are added on the committer's thread, in its transaction.</summary>
internal sealed class SqliteTypes
{
    private readonly SqliteConnection _writer;
    private readonly ConcurrentDictionary<string, long> _ids = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<long, string> _names = new();

    public SqliteTypes(SqliteConnection writer)
    {
        _writer = writer;
        using var command = writer.CreateCommand();
        command.CommandText = "SELECT id, name FROM types";
        using var rows = command.ExecuteReader();
        while (rows.Read()) Know(rows.GetInt64(0), rows.GetString(1));
    }

    public IEnumerable<long> All => _names.Keys;

    public string NameOf(long id) => _names[id];

    public bool TryFind(string name, out long id) => _ids.TryGetValue(name, out id);

    /// <summary>The number of a type, made when it is new; <paramref name="added"/> must be forgotten when the transaction fails.</summary>
    public long IdOf(string name, List<string> added)
    {
        if (_ids.TryGetValue(name, out var known)) return known;
        using var command = _writer.CreateCommand();
        command.CommandText = "INSERT INTO types (name) VALUES ($name) RETURNING id";
        command.Parameters.AddWithValue("$name", name);
        var id = (long)command.ExecuteScalar()!;
        Know(id, name);
        added.Add(name);
        return id;
    }

    public void Forget(List<string> added)
    {
        foreach (var name in added)
        {
            if (_ids.TryRemove(name, out var id)) _names.TryRemove(id, out _);
        }
    }

    private void Know(long id, string name) => (_ids[name], _names[id]) = (id, name);
}
