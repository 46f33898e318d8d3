using BeerTap.Server.Storage;

namespace BeerTap.Server.Tests.Storage;

/// <summary>The write-ahead log of the SQLite store.</summary>
public sealed class SqliteLogTests : IDisposable
{
    private static readonly TimeSpan AReadTakes = TimeSpan.FromMilliseconds(100);

    private readonly StoreUnderTest _under = new(folder => new SqliteBeerStore(folder));

    private string DatabaseFile => Path.Combine(_under.Folder, SqliteFiles.FileName);

    public void Dispose() => _under.Dispose();

    [Fact]
    public async Task ReadersThatAlwaysOverlapDoNotMakeItGrowWithoutBound()
    {
        Pour();
        using var done = new CancellationTokenSource();
        using var atOnce = new SemaphoreSlim(0);
        var readers = Enumerable.Range(0, 3).Select(number => ReadAsync(AReadTakes * number / 3, atOnce, done.Token)).ToList();
        for (var i = 0; i < readers.Count; i++) await atOnce.WaitAsync();

        // 80 MiB of frames and more.
        var longest = 0L;
        for (var frames = 0L; frames < 20_000; frames += 400)
        {
            Pour();
            longest = Math.Max(longest, new FileInfo(DatabaseFile + "-wal").Length);
        }

        await done.CancelAsync();
        await Task.WhenAll(readers);
        Assert.InRange(longest, 8_000 * 4_096, 64 << 20);
        using (var connection = SqliteFiles.Connect(DatabaseFile)) Assert.Empty(SqliteCheck.FaultsOf(connection));
        var head = _under.Head;
        Assert.Equal(head, _under.Reopen().Head);
    }

    [Fact]
    public void AStopThatAReaderKeptFromEmptyingTheLogOfAnEarlierKillIsFollowedByAStart()
    {
        for (var i = 0; i < 3; i++) _under.Append(StoreUnderTest.Pour());
        using var killed = Killed();

        // Stopped without a commit of its own while another process reads, such as a backup.
        using (var connection = SqliteFiles.Connect(Path.Combine(killed.Folder, SqliteFiles.FileName)))
        {
            var store = killed.Store;
            using var read = connection.CreateCommand();
            read.CommandText = "SELECT seq FROM log";
            using var rows = read.ExecuteReader();
            Assert.True(rows.Read());
            killed.Close();
        }

        Assert.Equal(3, killed.Store.Head);
        Assert.Empty(killed.Store.Warnings);
    }

    [Fact]
    public void AStoreThatWentOnAfterALossStartsAgainAfterAKill()
    {
        for (var i = 0; i < 9; i++) _under.Append(StoreUnderTest.Pour());
        using var damaged = Killed();
        using (var log = File.Open(Path.Combine(damaged.Folder, SqliteFiles.FileName + "-wal"), FileMode.Open))
        {
            log.Position = log.Length / 2;
            log.WriteByte((byte)(log.ReadByte() ^ 1));
        }

        Assert.Throws<StoreException>(() => damaged.Store);
        using var accepting = new StoreUnderTest(folder => new SqliteBeerStore(folder, acceptLoss: true), damaged.Folder);
        var head = accepting.Store.Head;
        Assert.InRange(head, 1, 8);
        using var killed = Killed(accepting);
        Assert.Equal((accepting.Store.Epoch, head), (killed.Store.Epoch, killed.Store.Head));
    }

    /// <summary>The files as they are at this moment, as a kill would leave them.</summary>
    private StoreUnderTest Killed(StoreUnderTest? under = null)
    {
        var folder = Directory.CreateTempSubdirectory("beertap-store-").FullName;
        foreach (var file in Directory.GetFiles((under ?? _under).Folder, "beertap.*").Where(file => !file.EndsWith("-shm", StringComparison.Ordinal) && !file.EndsWith(StoreFolder.LockFile, StringComparison.Ordinal)))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        return new StoreUnderTest(store => new SqliteBeerStore(store), folder);
    }

    /// <summary>A batch that writes 400 pages or more: each pour id goes to another place of the index.</summary>
    private void Pour() => _under.Append([.. Enumerable.Range(0, 2_000).Select(_ => StoreUnderTest.Pour(pourId: Guid.NewGuid().ToString("N")))]);

    /// <summary>Reads over and over, each read of a snapshot taking a while.</summary>
    private async Task ReadAsync(TimeSpan later, SemaphoreSlim begun, CancellationToken done)
    {
        await Task.Delay(later, TimeProvider.System, CancellationToken.None);
        using var connection = SqliteFiles.Connect(DatabaseFile);
        using var read = connection.CreateCommand();
        read.CommandText = "SELECT seq FROM log";
        while (!done.IsCancellationRequested)
        {
            using var rows = read.ExecuteReader();
            rows.Read();
            begun.Release();
            await Task.Delay(AReadTakes, TimeProvider.System, CancellationToken.None);
        }
    }
}
