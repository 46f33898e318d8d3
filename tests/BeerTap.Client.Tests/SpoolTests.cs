using BeerTap.Client.Tests.Fakes;

namespace BeerTap.Client.Tests;

public sealed class SpoolTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly PourGenerator _tap = new(1, 1, TimeProvider.System);

    private string Path => _folder.File("taps.spool");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task WhatWasNotSettledIsThereAgainInOrder()
    {
        var pours = await WriteAsync(pours: 5, settled: [1, 3]);
        await using var again = SpoolFile.Open(Path);
        Assert.Equal([pours[0], pours[2], pours[4]], again.Left);
    }

    [Fact]
    public async Task APourIsInTheFileBeforeItMayBeSent()
    {
        await using var spool = SpoolFile.Open(Path);
        var pour = _tap.Next();
        await spool.AddAsync(pour);
        Assert.Equal([pour], SpoolContent.Read(Bytes(), Path).Waiting);
    }

    [Fact]
    public async Task AFileTornAtAnyByteHoldsEveryWholeLineBeforeTheTear()
    {
        byte[] whole;
        var pours = new List<Pour>();
        await using (var spool = SpoolFile.Open(Path))
        {
            for (var i = 0; i < 4; i++)
            {
                pours.Add(_tap.Next());
                await spool.AddAsync(pours[i]);
            }

            spool.Settle(pours[0].PourId);
            await spool.AddAsync(_tap.Next());
            whole = Bytes();
        }

        for (var length = 0; length <= whole.Length; length++)
        {
            await File.WriteAllBytesAsync(Path, whole[..length]);
            var linesLeft = Math.Max(0, whole.AsSpan(0, length).Count((byte)'\n') - 1);
            await using (var torn = SpoolFile.Open(Path))
            {
                Assert.Equal(pours.Take(linesLeft).Skip(linesLeft > 4 ? 1 : 0), torn.Left.Take(linesLeft > 4 ? 3 : 4));
                await torn.AddAsync(_tap.Next());
            }

            await using var after = SpoolFile.Open(Path);
            Assert.Equal(linesLeft + (linesLeft > 4 ? -1 : 1), after.Left.Count);
        }
    }

    [Fact]
    public async Task BrokenLinesAtTheEndAreLeftOut()
    {
        var pours = await WriteAsync(pours: 2);
        await File.AppendAllTextAsync(Path, "\0\0\0\0\n{\"pour\":{\"tapId\":1\n");
        await using var again = SpoolFile.Open(Path);
        Assert.Equal(pours, again.Left);
    }

    [Fact]
    public async Task ABrokenLineWithWholeOnesBehindItIsForAPersonToLookAt()
    {
        await WriteAsync(pours: 2);
        var lines = await File.ReadAllLinesAsync(Path);
        await File.WriteAllLinesAsync(Path, [lines[0], "rust", lines[1], lines[2]]);
        var fault = Assert.Throws<SpoolException>(() => SpoolFile.Open(Path));
        Assert.Contains("line 2", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFileThatIsNoSpoolIsLeftAlone()
    {
        await File.WriteAllTextAsync(Path, "my notes");
        Assert.Throws<SpoolException>(() => SpoolFile.Open(Path));
        Assert.Equal("my notes", await File.ReadAllTextAsync(Path));
    }

    [Fact]
    public async Task TwoClientsOnOneSpoolAreRefused()
    {
        await using (SpoolFile.Open(Path))
        {
            var fault = Assert.Throws<SpoolException>(() => SpoolFile.Open(Path));
            Assert.Contains("in use by another client", fault.Message, StringComparison.Ordinal);
        }

        await using var afterwards = SpoolFile.Open(Path);
    }

    [Fact]
    public async Task ALinkToASpoolIsTheSameSpool()
    {
        File.CreateSymbolicLink(_folder.File("link"), Path);
        await using (SpoolFile.Open(Path))
        {
            Assert.Throws<SpoolException>(() => SpoolFile.Open(_folder.File("link")));
        }
    }

    [Fact]
    public async Task ASecondClientIsRefusedThoughTheLockFileWasDeleted()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        await using (var spool = SpoolFile.Open(Path, compactFrom: 20))
        {
            File.Delete(Path + ".lock");
            Assert.Throws<SpoolException>(() => SpoolFile.Open(Path));
            for (var i = 0; i < 100; i++)
            {
                var pour = _tap.Next();
                await spool.AddAsync(pour);
                spool.Settle(pour.PourId);
            }

            File.Delete(Path + ".lock");
            var fault = Assert.Throws<SpoolException>(() => SpoolFile.Open(Path));
            Assert.Contains("in use by another client", fault.Message, StringComparison.Ordinal);
        }

        await using var afterwards = SpoolFile.Open(Path);
        Assert.Empty(afterwards.Left);
    }

    [Fact]
    public async Task APourIsNotCalledKeptWhereTheSpoolWasDeletedOrReplaced()
    {
        await using var spool = SpoolFile.Open(Path);
        await spool.AddAsync(_tap.Next());
        File.Move(Path, Path + ".elsewhere");
        var fault = await Assert.ThrowsAsync<SpoolException>(() => spool.AddAsync(_tap.Next()));
        Assert.Contains("deleted or replaced", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderThatIsNotThereIsOneClearLine() =>
        Assert.Throws<SpoolException>(() => SpoolFile.Open(_folder.File("nowhere/taps.spool")));

    [Fact]
    public async Task AMostlySettledFileIsRewrittenWhileInUse()
    {
        var pours = new List<Pour>();
        await using (var spool = SpoolFile.Open(Path, compactFrom: 20))
        {
            for (var i = 0; i < 500; i++)
            {
                pours.Add(_tap.Next());
                await spool.AddAsync(pours[i]);
                if (i >= 3) spool.Settle(pours[i - 3].PourId);
            }

            Assert.InRange(Bytes().AsSpan().Count((byte)'\n'), 1, 30);
            await Until.TrueAsync(() => !File.Exists(Path + ".new"), "no rewrite is under way");
            Assert.Throws<SpoolException>(() => SpoolFile.Open(Path));
        }

        await using var again = SpoolFile.Open(Path);
        Assert.Equal(pours[^3..], again.Left);
    }

    [Fact]
    public async Task ARewriteCutShortLeavesTheOldFileInPlace()
    {
        var pours = await WriteAsync(pours: 3);
        await File.WriteAllTextAsync(Path + ".new", "{\"spool\":\"beert");
        await using var again = SpoolFile.Open(Path);
        Assert.Equal(pours, again.Left);
    }

    [Fact]
    public async Task ManyTapsShareTheFile()
    {
        await using (var spool = SpoolFile.Open(Path))
        {
            await Task.WhenAll(Enumerable.Range(1, 200).Select(tap => spool.AddAsync(new PourGenerator(1, tap, TimeProvider.System).Next())));
        }

        await using var again = SpoolFile.Open(Path);
        Assert.Equal(Enumerable.Range(1, 200), again.Left.Select(pour => pour.TapId).Order());
    }

    [Fact]
    public async Task AFullSpoolShutsTheValveAndSaysSoOnceUntilThereIsRoom()
    {
        using var heard = new Heard();
        await using var spool = new Spool(limit: 4, file: null, heard.Report);
        var pours = new List<Pour>();
        for (var i = 0; i < 4; i++)
        {
            Assert.True(await spool.ReserveAsync(CancellationToken.None));
            pours.Add(_tap.Next());
            await spool.KeepAsync(pours[i]);
        }

        var fifth = spool.ReserveAsync(CancellationToken.None).AsTask();
        var sixth = spool.ReserveAsync(CancellationToken.None).AsTask();
        Assert.False(fifth.IsCompleted);
        pours.ForEach(spool.Settle);
        Assert.False(await fifth);
        Assert.False(await sixth);
        Assert.Equal((1, 1), (heard.Count("spool is full"), heard.Count("room again")));
    }

    [Fact]
    public async Task ASpoolThatBringsMoreThanTheLimitTakesNothingUntilItIsBelow()
    {
        await WriteAsync(pours: 5);
        using var heard = new Heard();
        await using var spool = new Spool(limit: 3, SpoolFile.Open(Path), heard.Report);
        var place = spool.ReserveAsync(CancellationToken.None).AsTask();
        foreach (var pour in spool.Left.Take(2)) spool.Settle(pour);
        Assert.False(place.IsCompleted);
        spool.Settle(spool.Left[2]);
        await place.WaitAsync(TimeSpan.FromSeconds(5));
    }

    private byte[] Bytes()
    {
        using var file = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    private async Task<List<Pour>> WriteAsync(int pours, params int[] settled)
    {
        var written = Enumerable.Range(0, pours).Select(_ => _tap.Next()).ToList();
        await using var spool = SpoolFile.Open(Path);
        foreach (var pour in written) await spool.AddAsync(pour);
        foreach (var index in settled) spool.Settle(written[index].PourId);
        return written;
    }
}
