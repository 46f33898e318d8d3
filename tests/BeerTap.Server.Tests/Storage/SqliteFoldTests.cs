using BeerTap.Server.Beers;
using BeerTap.Server.Storage;
using Microsoft.Data.Sqlite;
using static BeerTap.Server.Tests.Storage.StoreUnderTest;

namespace BeerTap.Server.Tests.Storage;

/// <summary>The whole contract on a store that folds its tail every few events, so that every answer is put together from tables and tail.</summary>
public sealed class SqliteFoldTests : BeerStoreContract
{
    private const int Tail = 30;

    [Fact]
    public void AStoreThatWasNotStoppedInOrderCountsItsTailAgain()
    {
        var random = new Random(20261121);
        using var under = new StoreUnderTest(folder => Open(folder));
        var live = new List<Beer>();
        for (var round = 0; round < 60; round++)
        {
            live.AddRange(under.Append([.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => Pour(random.Next(1, 4), random.Next(2) == 0 ? "pint" : "half", random.Next(100, 999), Noon.AddMinutes(random.Next(200))))]));
            var gone = live.Where(_ => random.Next(9) == 0).ToArray();
            under.Delete(gone);
            live.RemoveAll(gone.Contains);
            var copy = Directory.CreateTempSubdirectory("beertap-store-");
            try
            {
                foreach (var file in Directory.GetFiles(under.Folder, "beertap.*").Where(file => !file.EndsWith("-shm", StringComparison.Ordinal) && !file.EndsWith(StoreFolder.LockFile, StringComparison.Ordinal)))
                    File.Copy(file, Path.Combine(copy.FullName, Path.GetFileName(file)));
                using var killed = Open(StoreFolder.Hold(copy.FullName));
                Assert.Equal(
                    live.GroupBy(beer => (beer.TapId, beer.Type)).Select(tap => (tap.Key, (long)tap.Count(), tap.Sum(beer => Units.FromMillilitres(beer.Volume)))).Order(),
                    killed.ReadTotals().Where(total => total.Beers > 0).Select(total => ((total.TapId, total.Type), total.Beers, total.Units)).Order());
                var filter = new BeerFilter(TapId: 2, From: Noon.AddMinutes(random.Next(100)), To: Noon.AddMinutes(random.Next(100, 300)));
                Assert.Equal(live.Count(beer => beer.TapId == 2 && beer.Timestamp >= filter.From && beer.Timestamp < filter.To), killed.Count(filter));
            }
            finally
            {
                copy.Delete(recursive: true);
            }
        }

        Assert.True(under.Head > 5 * Tail);
        var path = Path.Combine(under.Folder, "beertap.db");
        under.Close();
        using var connection = SqliteFiles.Connect(path, SqliteOpenMode.ReadOnly);
        Assert.Empty(SqliteCheck.FaultsOf(connection));
    }

    protected override object Open(object folder) => Open((StoreFolder)folder);

    protected override string MakeNewer(string folder)
    {
        var file = Path.Combine(folder, "beertap.db");
        using var connection = SqliteFiles.Connect(file);
        SqliteSchema.Execute(connection, "PRAGMA user_version=99");
        return file;
    }

    private static SqliteBeerStore Open(StoreFolder folder) => new(folder, longestTail: Tail);
}
