using System.Globalization;
using System.Text;
using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Faults;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Storage;

namespace BeerTap.Server.Tests.Transfer;

/// <summary><c>export</c> and <c>import</c> as an operator runs them.</summary>
public sealed class TransferTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("beertap-test-").FullName;

    private string Store => Path.Combine(_folder, "store");

    private string Other => Path.Combine(_folder, "other");

    [Theory]
    [InlineData("csv")]
    [InlineData("jsonl")]
    public async Task WhatIsExportedCanBeImportedElsewhereExactlyOnce(string format)
    {
        string[] pourIds = ["0123456789abcdef0123456789abcdef", "comma, \"quote\"", "ünïcode ✓", " blank ", "=1+1"];
        using (var store = Registration.Open(new StorageOptions { Path = Store }))
        {
            var batch = new LogBatch(0);
            foreach (var (pourId, i) in pourIds.Select((pourId, i) => (pourId, i))) batch.Pour(StoreUnderTest.Pour(i + 1, "pint", 330.5 + i / 3.0, StoreUnderTest.Noon.AddMilliseconds(i), pourId));
            batch.Pour(StoreUnderTest.Pour(int.MaxValue, "yard, \"of ale\"", 1420.1));
            batch.Delete(batch.Pour(StoreUnderTest.Pour(pourId: "gone")), StoreUnderTest.Noon);
            store.Append(batch);
        }

        var file = Path.Combine(_folder, $"pours.{format}");
        await Expect(0, "6 beers of the epoch", "export", file, $"--Storage:Path={Store}");
        await Expect(2, "is there already", "export", file, $"--Storage:Path={Store}");
        await Expect(0, "6 added, 0 there before, 0 not good", "import", file, $"--Storage:Path={Other}");
        await Expect(0, "0 added, 6 there before, 0 not good", "import", file, $"--Storage:Path={Other}");
        await Expect(0, "Sound", "check", $"--Storage:Path={Other}");
        await Expect(0, "0 added, 6 there before, 0 not good", "import", file, $"--Storage:Path={Store}");

        using var from = Registration.Open(new StorageOptions { Path = Store });
        using var to = Registration.Open(new StorageOptions { Path = Other });
        var (before, after) = (from.List(new BeerFilter(), new PageCut(100)), to.List(new BeerFilter(), new PageCut(100)));
        Assert.Equal(before.Select(beer => beer with { Id = 0 }), after.Select(beer => beer with { Id = 0 }));
        Assert.Equal([1, 2, 3, 4, 5], pourIds.Select((pourId, i) => to.FindPour(i + 1, pourId)!.Id));

        // A beer without a pour id is known again by the position it had.
        Assert.Equal(6, to.FindPour(int.MaxValue, $"{from.Epoch}-6")!.Id);
    }

    [Fact]
    public async Task AfterARestoreOnlyWhatCameLaterIsImported()
    {
        string epoch;
        using (var hub = new StoreUnderTest(folder => new SqliteBeerStore(folder), Directory.CreateDirectory(Store).FullName))
        {
            hub.Append(StoreUnderTest.Pour(), StoreUnderTest.Pour(pourId: "a"));
            epoch = hub.Store.Epoch;
            await Expect(0, "up to position 2", "backup", Path.Combine(_folder, "old.beertap"), $"--Storage:Path={Store}");
            hub.Append(StoreUnderTest.Pour(), StoreUnderTest.Pour(pourId: "b"));
            await Expect(0, "4 beers", "export", Path.Combine(_folder, "since.csv"), $"--Storage:Path={Store}");
        }

        await Expect(0, "up to position 2", "restore", Path.Combine(_folder, "old.beertap"), $"--Storage:Path={Other}");
        await Expect(0, "2 added, 2 there before", "import", Path.Combine(_folder, "since.csv"), $"--holds={epoch}-2", $"--Storage:Path={Other}");
        await Expect(0, "0 added, 4 there before", "import", Path.Combine(_folder, "since.csv"), $"--holds={epoch}-2", $"--Storage:Path={Other}");
    }

    [Fact]
    public async Task AStoreOfASharedLogTakesNoImport()
    {
        using (var store = Registration.Open(new StorageOptions { Path = Store }))
        {
            var batch = new LogBatch(0) { Bookmark = [1] };
            batch.Pour(StoreUnderTest.Pour(pourId: "a"));
            store.Append(batch);
        }

        var file = Path.Combine(_folder, "pours.csv");
        await Expect(0, "1 beers", "export", file, $"--Storage:Path={Store}");
        await Expect(2, "on a shared log", "import", file, $"--Storage:Path={Store}");
        await Expect(0, "1 added", "import", file, $"--Storage:Path={Other}");
    }

    [Fact]
    public async Task AStoreIsExportedWhileAHubServesIt()
    {
        await using var hub = await HubUnderTest.StartAsync();
        for (var i = 0; i < 3; i++) await hub.PourAsync(pourId: i.ToString(CultureInfo.InvariantCulture));
        var (code, output, errors) = await HubCommand.RunAsync("export", "-", "--format=jsonl", $"--Storage:Path={hub.Folder}");
        Assert.Equal((0, 3), (code, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length));
        Assert.Contains("3 beers", errors, StringComparison.Ordinal);

        // Each line is a pour as the hub takes it: sent again, it is the same.
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var answer = await hub.Http.PostAsync("/api/beers", line.AsJson());
            Assert.Equal(System.Net.HttpStatusCode.OK, answer.StatusCode);
        }

        var file = Path.Combine(_folder, "pours.csv");
        await File.WriteAllTextAsync(file, "tapId,volume,pouredAt,pourId\n1,500,2026-01-01T00:00:00Z,a\n");
        await Expect(2, "Stop it to import", "import", file, $"--Storage:Path={hub.Folder}");
    }

    [Fact]
    public async Task ALineThatIsNotGoodIsToldAndTheOthersAreAdded()
    {
        var file = Path.Combine(_folder, "pours.csv");
        await File.WriteAllTextAsync(file, string.Join("\r\n",
        [
            "\uFEFFpourId,tapId,Volume,pouredAt,note",
            "a,1,500,2026-01-01T00:00:00Z,",
            "b,0,500,2026-01-01T00:00:00Z,",
            "\"c\nd\",1,500,2026-01-01T00:00:00Z,over two lines",
            "e,1,500",
            "f,1,5,2026-01-01T00:00:00Z,",
            "g,1,500,yesterday,",
            ",1,500,2026-01-01T00:00:00Z,",
            "a,1,600,2026-01-01T00:00:00Z,",
            "\"h\"h,1,500,2026-01-01T00:00:00Z,",
            "i\"i,1,500,2026-01-01T00:00:00Z,",
            $"j,1,500,2026-01-01T00:00:00Z,{new string('x', 100_000)}",
            "",
            "k,1,400,2026-01-01T01:00:00+01:00,\"the, \"\"last\"\" good one\"",
            "l,1,500,2026-01-01T00:00:00Z,\"never closed",
        ]));
        var (code, _, errors) = await HubCommand.RunAsync("import", file, $"--Storage:Path={Store}");
        Assert.Equal(1, code);
        Assert.Equal(
            ["3", "4", "6", "7", "8", "9", "10", "11", "12", "13", "16"],
            errors.Split('\n').Where(line => line.StartsWith("line ", StringComparison.Ordinal)).Select(line => line[5..line.IndexOf(':', StringComparison.Ordinal)]));
        Assert.Contains("2 added, 0 there before, 11 not good", errors, StringComparison.Ordinal);
        Assert.Contains("Columns that are not read: note", errors, StringComparison.Ordinal);

        // A name for the file gives a line without any id one.
        await Expect(1, "1 added, 2 there before, 10 not good", "import", file, "--source=till", $"--Storage:Path={Store}");
        using var store = Registration.Open(new StorageOptions { Path = Store });
        Assert.Equal((3, StoreUnderTest.Pour(at: new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc)).Timestamp), (store.FindPour(1, "till:9")!.Id, store.FindPour(1, "k")!.Timestamp));
    }

    [Fact]
    public async Task ALineOfOneMoreTapThanTheLimitIsToldAndTheOthersAreAdded()
    {
        var file = Path.Combine(_folder, "pours.csv");
        await File.WriteAllTextAsync(file, string.Join('\n', ["tapId,volume,pouredAt,pourId", .. new[] { 1, 2, 3, 1 }.Select((tap, i) => $"{tap},500,2026-01-01T00:00:00Z,{i}")]));
        var (code, _, errors) = await HubCommand.RunAsync("import", file, "--Limits:Taps=2", $"--Storage:Path={Store}");
        Assert.Equal(1, code);
        Assert.Contains("line 4: tap 3 is one more than Limits:Taps (2) allows", errors, StringComparison.Ordinal);
        Assert.Contains("3 added, 0 there before, 1 not good", errors, StringComparison.Ordinal);
        await Expect(0, "1 added, 3 there before, 0 not good", "import", file, $"--Storage:Path={Store}");
    }

    [Fact]
    public async Task JsonLinesAreReadOneByOne()
    {
        var file = Path.Combine(_folder, "pours.ndjson");
        await File.WriteAllTextAsync(file, string.Join('\n',
        [
            """{"tapId":1,"volume":500,"pouredAt":"2026-01-01T00:00:00Z","pourId":"a","more":{"is":"passed over"}}""",
            "",
            "{broken",
            "[1]",
            """{"tapId":1,"volume":500,"pouredAt":"2026-01-01T00:00:00Z","pourId":"lone \ud800"}""",
            """{"tapId":1,"volume":500,"pouredAt":"2026-01-01T00:00:00Z","position":"k3x9q2ab-42","type":"mug"}""",
        ]));
        var (code, _, errors) = await HubCommand.RunAsync("import", file, $"--Storage:Path={Store}");
        Assert.True(code == 1 && errors.Contains("2 added, 0 there before, 3 not good", StringComparison.Ordinal), errors);
        using var store = Registration.Open(new StorageOptions { Path = Store });
        Assert.Equal("mug", store.FindPour(1, "k3x9q2ab-42")!.Type);
    }

    [Fact]
    public async Task AnImportThatIsKilledIsFinishedByTheNextOne()
    {
        const int Lines = 30_000;
        var file = Path.Combine(_folder, "pours.csv");
        var text = new StringBuilder("tapId,volume,pouredAt,pourId\n");
        for (var i = 0; i < Lines; i++) text.Append(CultureInfo.InvariantCulture, $"{1 + i % 7},{100 + i % 900},2026-01-01T00:00:00Z,{i}\n");
        await File.WriteAllTextAsync(file, text.ToString());

        using (var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "BeerTap.Server.dll"), "import", file, $"--Storage:Path={Store}"]) { RedirectStandardError = true })!)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
            var log = new FileInfo(Path.Combine(Store, "beertap.db-wal"));
            while (!process.HasExited && !(log.Exists && log.Length > 1_000_000))
            {
                await poll.WaitForNextTickAsync(patience.Token);
                log.Refresh();
            }

            process.Kill();
            await process.WaitForExitAsync(patience.Token);
        }

        await Expect(0, "0 not good", "import", file, $"--Storage:Path={Store}");
        using var store = Registration.Open(new StorageOptions { Path = Store });
        Assert.Equal((Lines, Lines), ((int)store.Head, (int)store.ReadTotals().Sum(total => total.Beers)));
    }

    [Theory]
    [InlineData("Say which file", "export")]
    [InlineData("Say which format", "import", "pours.txt")]
    [InlineData("--from is not an option", "export", "-", "--from=monday")]
    [InlineData("--source is not an option", "export", "-", "--source=x")]
    [InlineData("--holds must be a position", "import", "a.csv", "--holds=42")]
    [InlineData("It takes one file", "import", "a.csv", "b.csv")]
    [InlineData("Glasses:0", "import", "a.csv", "--Glasses:0:Name=half")]
    [InlineData("There is no store", "export", "-", "--Storage:Path=/nowhere")]
    [InlineData("There is no file", "export", "-", "--backup=nowhere")]
    [InlineData("Could not find file", "import", "nowhere.csv")]
    public async Task AWrongCommandLineIsExplained(string said, params string[] args) => await Expect(2, said, args);

    [Theory]
    [InlineData("serve")]
    [InlineData("keys")]
    [InlineData("backup")]
    [InlineData("restore")]
    [InlineData("check")]
    [InlineData("export")]
    [InlineData("import")]
    public async Task EveryCommandHasAHelpWithExamples(string command) => await Expect(0, "Examples:\n", command, "--help");

    [Fact]
    public async Task AFileWithoutItsColumnsIsRefusedBeforeAnythingIsMade()
    {
        var file = Path.Combine(_folder, "pours.csv");
        await File.WriteAllTextAsync(file, "tapId;volume;pouredAt\n1;500;2026-01-01T00:00:00Z\n");
        await Expect(2, "must name the columns", "import", file, $"--Storage:Path={Store}");
        Assert.False(Directory.Exists(Store));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task Expect(int code, string said, params string[] args)
    {
        var (ended, output, errors) = await HubCommand.RunAsync(args);
        Assert.True(ended == code && (output + errors).Contains(said, StringComparison.Ordinal), $"{string.Join(' ', args)}: {ended}\n{output}{errors}");
    }
}
