using BeerTap.Server.Transfer;

namespace BeerTap.Server.Tests.Transfer;

/// <summary>A file of pours that is not what it should be costs no memory.</summary>
public sealed class CsvFileTests
{
    [Theory]
    [InlineData(',')]
    [InlineData('x')]
    [InlineData('\r')]
    public void ALineWithoutEndIsPassedOverWhateverItIsMadeOf(char letter)
    {
        using var text = new StringReader($"tapId,volume,pouredAt\n{new string(letter, 200_000)}\n1,500,2026-01-01T00:00:00Z\n");
        var records = CsvFile.Read(new Letters(text), _ => { }).ToList();
        Assert.Equal([(2, "is longer than 64 KiB"), (3, null)], records.Select(record => ((int)record.Line, record.Fault)));
    }
}
