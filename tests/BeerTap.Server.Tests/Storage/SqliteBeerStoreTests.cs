using BeerTap.Server.Storage;
using Microsoft.Data.Sqlite;

namespace BeerTap.Server.Tests.Storage;

public sealed class SqliteBeerStoreTests : BeerStoreContract
{
    [Fact]
    public void DamageInARowLongerThanItsPageIsNoticed()
    {
        using var under = new StoreUnderTest(folder => new SqliteBeerStore(folder));
        var bookmark = new byte[20_000];
        Array.Fill(bookmark, (byte)0x5A);
        var batch = new LogBatch(0) { Bookmark = bookmark };
        batch.Pour(StoreUnderTest.Pour());
        under.Append(batch);
        under.Close();

        var file = Path.Combine(under.Folder, "beertap.db");
        var bytes = File.ReadAllBytes(file);
        var inside = bytes.AsSpan().IndexOf(bookmark.AsSpan(0, 4_000));
        Assert.True(inside > 0);
        bytes[inside + 2_000] ^= 1;
        File.WriteAllBytes(file, bytes);
        Assert.Equal(StoreFault.Damaged, Assert.Throws<StoreException>(() => under.Store).Fault);
    }

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
