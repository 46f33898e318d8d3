using BeerTap.Server.Storage;
using Microsoft.Data.Sqlite;

namespace BeerTap.Server.Tests.Storage;

public sealed class SqliteBeerStoreTests : BeerStoreContract
{
    protected override object Open(object folder) => new SqliteBeerStore((StoreFolder)folder);

    protected override string MakeNewer(string folder)
    {
        var file = Path.Combine(folder, "beertap.db");
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version=99";
        command.ExecuteNonQuery();
        return file;
    }
}
