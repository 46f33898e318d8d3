using BeerTap.Client.Tests.Fakes;
using BeerTap.Processes;

namespace BeerTap.Client.Tests;

/// <summary>What a terminal and a service manager send to the client.</summary>
public sealed class SignalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(ShellProgram.Terminate)]
    [InlineData(ShellProgram.Interrupt)]
    [InlineData(ShellProgram.Quit)]
    [InlineData(ShellProgram.HangUp)]
    public async Task ASignalEndsTheClientWithItsSummaryAndKeepsThePoursThatWait(int signal)
    {
        using var folder = new TemporaryFolder();
        var spool = folder.File("taps.spool");
        var nowhere = await FakeHub.FreeAddressAsync();
        await using var client = new ShellProgram("exec \"$@\"", "BeerTap.Client.dll", $"--server={nowhere}", "--every=50ms", $"--spool={spool}");
        await Until.TrueAsync(() => File.Exists(spool) && File.ReadLines(spool).Count() > 3 && client.Output.Contains("is away", StringComparison.Ordinal), "pours wait", Patience);
        client.Send(signal);
        await client.EndedAsync(Patience);
        Assert.Contains("duplicates 0, gaps: 0", client.Output, StringComparison.Ordinal);
        Assert.True(File.ReadLines(spool).Count() > 3, "the pours are kept");
    }

    [Fact]
    public async Task UnderNohupTheClientIgnoresTheEndOfItsTerminal()
    {
        await using var hub = await FakeHub.StartAsync();
        await using var client = new ShellProgram("trap '' HUP; exec \"$@\"", "BeerTap.Client.dll", $"--server={hub.Address}", "--every=50ms");
        await Until.TrueAsync(() => hub.Log.Head > 3, "it pours", Patience);
        client.Send(ShellProgram.HangUp);
        var head = hub.Log.Head;
        await Until.TrueAsync(() => hub.Log.Head > head + 10, "it goes on to pour", Patience);
        client.Send(ShellProgram.Terminate);
        Assert.Equal(0, await client.EndedAsync(Patience));
    }
}
