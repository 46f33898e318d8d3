using System.Text;
using BeerTap.Server.Replication;
using BeerTap.Server.Storage;
using static BeerTap.Server.Tests.Storage.StoreUnderTest;

namespace BeerTap.Server.Tests.Replication;

public sealed class LogEntryJsonTests
{
    [Theory]
    [InlineData("pint", "a")]
    [InlineData("Maß", "ünï €uro 🍺")]
    [InlineData("\"quoted\\", "</script>&\u0000\u001f\u2028")]
    [InlineData(" ", "")]
    public void TextComesBackAsItWas(string type, string pourId)
    {
        var entry = new LogEntry("testtest", "sender", 7, [Pour(1, type, 500, Noon, pourId), Pour(pourId: null)]);
        var back = RoundTrip(entry);
        Assert.Equal(entry.Commands, back.Commands);
        Assert.Equal(("testtest", "sender", 7L, null), (back.Epoch, back.Sender, back.Number, back.Begins));
    }

    [Theory]
    [InlineData(100.1)]
    [InlineData(0.1 + 0.2)]
    [InlineData(1.0 / 3)]
    [InlineData(double.Epsilon)]
    [InlineData(double.MaxValue)]
    [InlineData(999.9999)]
    public void VolumesComeBackToTheLastBit(double volume) =>
        Assert.Equal(BitConverter.DoubleToInt64Bits(volume), BitConverter.DoubleToInt64Bits(Assert.IsType<PourBeer>(RoundTrip(new LogEntry("e", "s", 1, [Pour(volume: volume)])).Commands[0]).Volume));

    [Fact]
    public void RandomVolumesComeBackToTheLastBit()
    {
        var random = new Random(20261121);
        var pours = Enumerable.Range(0, 10_000).Select(i => Pour(i, volume: BitConverter.Int64BitsToDouble(random.NextInt64()))).Where(pour => double.IsFinite(pour.Volume)).ToArray();
        Assert.Equal(pours, RoundTrip(new LogEntry("e", "s", 1, pours)).Commands);
    }

    [Fact]
    public void AnyTimeAndNumberComesBack()
    {
        var last = new DateTime(9999, 12, 31, 23, 59, 59, 999, DateTimeKind.Utc);
        var entry = new LogEntry("e", "s", long.MaxValue, [new DeleteBeer(long.MaxValue, last), Pour(int.MaxValue, at: DateTime.SpecifyKind(DateTime.MinValue, DateTimeKind.Utc)), Pour(int.MinValue, at: last)], new LogBeginning(long.MaxValue));
        var back = RoundTrip(entry);
        Assert.Equal(entry.Commands, back.Commands);
        Assert.Equal((entry.Number, entry.Begins), (back.Number, back.Begins));
        Assert.Equal(DateTimeKind.Utc, Assert.IsType<DeleteBeer>(back.Commands[0]).Timestamp.Kind);
        Assert.Equal(-3, RoundTrip(new LogEntry("e", "s", -3, [])).Number);
    }

    [Fact]
    public void AClaimedTimeComesBackAndIsNotWrittenWhereThereIsNone()
    {
        var entry = new LogEntry("e", "s", 1, [Pour() with { Claimed = new DateTime(1, 1, 1, 0, 0, 0, DateTimeKind.Utc) }, Pour()]);
        Assert.Equal(entry.Commands, RoundTrip(entry).Commands);
        Assert.DoesNotContain("claimed", Encoding.UTF8.GetString(LogEntryJson.Write(new LogEntry("e", "s", 1, [Pour()]))), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatItIsNotToldToUnderstandIsPassedOver()
    {
        var entry = LogEntryJson.Read("""{"more":[1,{"a":null}],"v":1,"epoch":"e","from":"s","n":1,"do":[{"tap":1,"type":"pint","ml":500,"at":0,"colour":"gold"}]}"""u8, 0);
        Assert.Equal([Pour(at: DateTime.UnixEpoch)], entry.Commands);
    }

    [Theory]
    [InlineData("""{"v":2}""")]
    [InlineData("""{"v":3,"epoch":5,"from":[],"do":"otherwise"}""")]
    [InlineData("""{"epoch":"e","v":2147483647,"from":"s","n":1,"do":[]}""")]
    public void AnEntryOfANewerVersionSaysToUpgrade(string json)
    {
        var fault = Assert.Throws<LogException>(() => LogEntryJson.Read(Encoding.UTF8.GetBytes(json), 42));
        Assert.Contains("Entry 42 of the log was written by a newer BeerTap", fault.Message, StringComparison.Ordinal);
        Assert.Contains("Upgrade this hub", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("pour")]
    [InlineData("\u0000")]
    [InlineData("""{"v":0,"epoch":"e","from":"s","n":1,"do":[]}""")]
    [InlineData("""{"v":99999999999,"epoch":"e","from":"s","n":1,"do":[]}""")]
    [InlineData("""{"v":1,"from":"s","n":1,"do":[]}""")]
    [InlineData("""{"v":1,"epoch":"e","n":1,"do":[]}""")]
    [InlineData("""{"v":1,"epoch":"e","from":"s","n":1}""")]
    [InlineData("""{"v":1,"epoch":"e","from":"s","n":"1","do":[]}""")]
    [InlineData("""{"v":1,"epoch":"e","from":"s","n":1,"do":[null]}""")]
    [InlineData("""{"v":1,"epoch":"e","from":"s","n":1,"do":[{}]}""")]
    [InlineData("""{"v":1,"epoch":"e","from":"s","n":1,"do":[{"tap":1,"ml":500,"at":0}]}""")]
    [InlineData("""{"v":1,"epoch":"e","from":"s","n":1,"do":[{"tap":1,"type":"pint","at":0}]}""")]
    [InlineData("""{"v":1,"epoch":"e","from":"s","n":1,"do":[{"tap":1,"type":"pint","ml":1e999,"at":0}]}""")]
    [InlineData("""{"v":1,"epoch":"e","from":"s","n":1,"do":[{"tap":1,"type":"pint","ml":"NaN","at":0}]}""")]
    [InlineData("""{"v":1,"epoch":"e","from":"s","n":1,"do":[{"delete":1,"at":253402300800000}]}""")]
    [InlineData("""{"v":1,"epoch":"e","from":"s","n":1,"do":[{"delete":1,"at":-62135596800001}]}""")]
    [InlineData("""{"v":1,"epoch":"e","from":"\ud800","n":1,"do":[]}""")]
    [InlineData("""{"v":1,"epoch":"e","from":"s","n":1,"do":[]} """ + "x")]
    public void WhatIsNoEntryIsRefused(string json) =>
        Assert.Contains("Entry 42 of the log is none of BeerTap's", Assert.Throws<LogException>(() => LogEntryJson.Read(Encoding.UTF8.GetBytes(json), 42)).Message, StringComparison.Ordinal);

    [Fact]
    public void RandomDamageIsRefusedOrReadAndThrowsNothingElse()
    {
        var random = new Random(20261121);
        var sound = LogEntryJson.Write(new LogEntry("testtest", "sender", 7, [Pour(pourId: "ünï"), new DeleteBeer(3, Noon)], new LogBeginning(9)));
        var refused = 0;
        for (var i = 0; i < 4_000; i++)
        {
            var json = sound.AsSpan(0, random.Next(4) == 0 ? random.Next(sound.Length) : sound.Length).ToArray();
            for (var flips = random.Next(1, 4); flips > 0 && json.Length > 0; flips--) json[random.Next(json.Length)] = (byte)random.Next(256);
            try
            {
                LogEntryJson.Read(json, i);
            }
            catch (LogException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 2_000, 4_000);
    }

    private static LogEntry RoundTrip(LogEntry entry) => LogEntryJson.Read(LogEntryJson.Write(entry), 0);
}
