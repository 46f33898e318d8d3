using BeerTap.Server.Hosting;
using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Faults;
using BeerTap.Server.Tests.Storage;
using BeerTap.Server.Transfer;
using Registration = BeerTap.Server.Storage.Registration;

namespace BeerTap.Server.Tests.Transfer;

/// <summary>What a hub stored comes back as it was, whatever clocks said and devices sent; and no line is taken that a post would not be.</summary>
public sealed class ExactImportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("beertap-test-").FullName;

    private string Store => Path.Combine(_folder, "store");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("csv")]
    [InlineData("jsonl")]
    public async Task TimesOfWrongClocksAndOddIdsComeBackExactly(string format)
    {
        string[] pourIds =
        [
            "=1+1", "+1", "-1", "@SUM(A1)", "'=1", "''@x", " =1", "'plain", "＝1", "\u202Egnp", "a\u2028b\u2029c\u200Bd\u2066e\uFEFF", "\\u202E", "\\u005C", "\\", "tag \U000E0041", "🍺",
        ];
        DateTime[] times = [DateTime.UnixEpoch, StoreUnderTest.Noon.AddYears(-40), StoreUnderTest.Noon.AddYears(90), new(9999, 12, 31, 23, 59, 59, 999, DateTimeKind.Utc)];
        using (var store = Registration.Open(new StorageOptions { Path = Store }))
        {
            var batch = new LogBatch(0);
            foreach (var pourId in pourIds) batch.Pour(StoreUnderTest.Pour(pourId: pourId));
            foreach (var time in times) batch.Pour(StoreUnderTest.Pour(at: time) with { Claimed = time });
            batch.Pour(StoreUnderTest.Pour() with { Claimed = new DateTime(1, 1, 1, 0, 0, 0, DateTimeKind.Utc) });
            batch.Pour(StoreUnderTest.Pour(type: "mug of old", volume: 5000));
            store.Append(batch);
        }

        var (file, other) = (Path.Combine(_folder, $"pours.{format}"), Path.Combine(_folder, "other"));
        await Expect(0, "22 beers", "export", file, $"--Storage:Path={Store}");
        var text = await File.ReadAllTextAsync(file);
        Assert.DoesNotContain(text, letter => letter is not ('\r' or '\n') && !Printable.IsPlain(letter));
        if (format == "csv") Assert.DoesNotContain(text.Split('\n').Skip(1), line => line.Split(',').Any(field => field.Trim().TrimStart('"').TrimStart() is ['=' or '+' or '-' or '@', ..]));
        await Expect(0, "22 added, 0 there before, 0 not good", "import", file, $"--Storage:Path={other}");
        using var from = Registration.Open(new StorageOptions { Path = Store });
        using var to = Registration.Open(new StorageOptions { Path = other });
        Assert.Equal(from.List(new BeerFilter(), new PageCut(100)), to.List(new BeerFilter(), new PageCut(100)));
        Assert.Equal(Enumerable.Range(1, pourIds.Length).Select(id => (long)id), pourIds.Select(pourId => to.FindPour(1, pourId)!.Id));
    }

    [Theory]
    [InlineData("tapId is there twice", """{"tapId":1,"tapId":1,"volume":500,"pouredAt":"2026-01-01T00:00:00Z","pourId":"a"}""")]
    [InlineData("position is there twice", """{"tapId":1,"volume":500,"pouredAt":"2026-01-01T00:00:00Z","position":"abcd1234-1","position":"abcd1234-2"}""")]
    [InlineData("type is there twice", """{"tapId":1,"volume":500,"pouredAt":"2026-01-01T00:00:00Z","pourId":"a","type":"pint","type":"pint"}""")]
    [InlineData("type must be a glass type", """{"tapId":1,"volume":500,"pouredAt":"2026-01-01T00:00:00Z","pourId":"a","type":"bathtub"}""")]
    [InlineData("type is not the glass type", """{"tapId":1,"volume":500,"pouredAt":"2026-01-01T00:00:00Z","pourId":"a","type":"stein"}""")]
    [InlineData("type must be 1 to 32", """{"tapId":1,"volume":500,"pouredAt":"2026-01-01T00:00:00Z","pourId":"a","type":7}""")]
    [InlineData("tapId must be a whole number", """{"tapId":"1","volume":500,"pouredAt":"2026-01-01T00:00:00Z","pourId":"a"}""")]
    [InlineData("volume must be a number", """{"tapId":1,"volume":"500","pouredAt":"2026-01-01T00:00:00Z","pourId":"a"}""")]
    [InlineData("volume must be from", """{"tapId":1,"volume":5,"pouredAt":"2026-01-01T00:00:00Z","pourId":"a","type":"half"}""")]
    [InlineData("pourId must be text", """{"tapId":1,"volume":500,"pouredAt":"2026-01-01T00:00:00Z","pourId":7}""")]
    [InlineData("pouredAt must be", """{"tapId":1,"volume":500,"pouredAt":1767225600,"pourId":"a"}""")]
    [InlineData("pouredAt is required", """{"tapId":1,"volume":500,"pourId":"a"}""")]
    [InlineData("pouredAtClaimed must be", """{"tapId":1,"volume":500,"pouredAt":"2026-01-01T00:00:00Z","pourId":"a","pouredAtClaimed":"never"}""")]
    [InlineData("position must be", """{"tapId":1,"volume":500,"pouredAt":"2026-01-01T00:00:00Z","position":42}""")]
    [InlineData("is not valid JSON", """{"tapId":1,"volume":500,"pouredAt":"2026-01-01T00:00:00Z","pourId":"a"}{}""")]
    [InlineData("is not valid JSON", """{"tapId":1,"volume":500,"pouredAt":"2026-01-01T00:00:00Z","pourId":"a"} // a comment""")]
    [InlineData("tapId must be a whole number", "tapId,volume,pouredAt,pourId\n01,500,2026-01-01T00:00:00Z,a")]
    [InlineData("tapId must be a whole number", "tapId,volume,pouredAt,pourId\n\"1,\"\"volume\"\":7\",500,2026-01-01T00:00:00Z,a")]
    [InlineData("volume must be a number", "tapId,volume,pouredAt,pourId\n1,true,2026-01-01T00:00:00Z,a")]
    [InlineData("type must be a glass type", "tapId,volume,pouredAt,pourId,type\n1,500,2026-01-01T00:00:00Z,a,bathtub")]
    public async Task ALineThatAPostWouldNotTakeIsRefusedByName(string fault, string line)
    {
        var file = Path.Combine(_folder, line.StartsWith('{') ? "pours.jsonl" : "pours.csv");
        await File.WriteAllTextAsync(file, line + "\n");
        await Expect(1, fault, "import", file, $"--Storage:Path={Store}");
        using var store = Registration.Open(new StorageOptions { Path = Store });
        Assert.Equal(0, store.Head);
    }

    [Fact]
    public async Task ATimeThatCannotBeBecomesAClaimUnlessAHubStoredIt()
    {
        var file = Path.Combine(_folder, "pours.csv");
        await File.WriteAllTextAsync(file, "tapId,volume,pouredAt,pourId,position\n1,500,1970-01-01T00:00:07Z,device,\n1,500,1971-01-01 00:00:07.123456789z,hub,abcd1234-1\n");
        var before = TimeProvider.System.GetUtcNow().UtcDateTime;
        await Expect(0, "2 added", "import", file, $"--Storage:Path={Store}");
        using var store = Registration.Open(new StorageOptions { Path = Store });
        var (device, hub) = (store.FindPour(1, "device")!, store.FindPour(1, "hub")!);
        Assert.Equal(DateTime.UnixEpoch.AddSeconds(7), device.PouredAtClaimed);
        Assert.InRange(device.Timestamp, before.AddSeconds(-1), TimeProvider.System.GetUtcNow().UtcDateTime);
        Assert.Equal((new DateTime(1971, 1, 1, 0, 0, 7, 123, DateTimeKind.Utc), null), (hub.Timestamp, hub.PouredAtClaimed));
    }

    [Fact]
    public void AnyTextComesBackFromAField()
    {
        var seed = Setup.Number("BEERTAP_TEST_SEED", Environment.TickCount);
        var random = new Random(seed);
        const string Letters = "'=+-@\\u202E05Ca ,\"\t\r\u202E\u2028\u200B＝ü";
        for (var i = 0; i < 20_000; i++)
        {
            var field = string.Concat(Enumerable.Range(0, random.Next(1, 10)).Select(_ => Letters[random.Next(Letters.Length)]));
            Assert.True(CsvText.Read(CsvText.Write(field)) == field, $"seed {seed}: {field}");
        }
    }

    private static async Task Expect(int code, string said, params string[] args)
    {
        var (ended, output, errors) = await HubCommand.RunAsync(args);
        Assert.True(ended == code && (output + errors).Contains(said, StringComparison.Ordinal), $"{string.Join(' ', args)}: {ended}\n{output}{errors}");
    }
}
