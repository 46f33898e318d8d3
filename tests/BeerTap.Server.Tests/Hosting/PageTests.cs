using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using BeerTap.Server.Security;
using BeerTap.Server.Tests.Security;
using Xunit.Abstractions;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>The start page, run as it is served.</summary>
public sealed class PageTests(ITestOutputHelper output)
{
    [Fact]
    public async Task ThePageListensWithAKeyShowsTheLatestBeersAndComesBackWhereItStopped()
    {
        var (hub, _) = await Keyed.StartAsync();
        await using var stopped = hub;
        var (_, key) = await hub.KeyAsync(Role.Operator);
        for (var i = 0; i < 12; i++) Assert.Equal(201, await hub.StatusAsync("POST", "/api/beers", key, """{"tapId":1,"volume":500}"""));

        var start = new ProcessStartInfo("node", [Script()]) { RedirectStandardError = true };
        (start.Environment["BASE_URL"], start.Environment["KEY"]) = (hub.Address.GetLeftPart(UriPartial.Authority), key);
        try
        {
            using var node = Process.Start(start)!;
            var said = await node.StandardError.ReadToEndAsync();
            await node.WaitForExitAsync();
            Assert.True(node.ExitCode == 0, said);
        }
        catch (Win32Exception)
        {
            output.WriteLine("skipped: there is no node here");
        }
    }

    private static string Script([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "browser", "page.mjs");
}
