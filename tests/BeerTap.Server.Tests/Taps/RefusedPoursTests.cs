using BeerTap.Server.Security;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Live;
using BeerTap.Server.Tests.Security;

namespace BeerTap.Server.Tests.Taps;

/// <summary>A tap that is connected while its pours are refused for its key does not look well.</summary>
public sealed class RefusedPoursTests
{
    [Fact]
    public async Task TapsThatTheFirstKeyCutsOffAreMarkedAndNamedInOneWarning()
    {
        var folder = Directory.CreateTempSubdirectory("beertap-log-");
        try
        {
            await using (var hub = await HubUnderTest.StartAsync("--Logging:Level=Warning", $"--Logging:File={folder.FullName}/hub.log"))
            {
                await using var listener = await Listener.ConnectAsync("websocket", hub, tapId: 7);
                foreach (var tapId in new[] { 7, 8 })
                {
                    await hub.PourAsync(tapId);
                }

                await hub.KeyAsync(Role.Operator);
                for (var i = 0; i < 20; i++)
                {
                    foreach (var tapId in new[] { 7, 8, 99 })
                    {
                        Assert.Equal(401, await hub.StatusAsync("POST", "/api/beers", body: Pour(tapId)));
                    }
                }

                await Keyed.UntilAsync(async () => (await LogAsync(folder)).Contains("Pours are refused", StringComparison.Ordinal));
                var taps = (await hub.GetAsync("/api/taps"))["taps"]!.AsArray();
                Assert.Equal([7, 8], taps.Select(tap => (int)tap!["id"]!));
                Assert.All(taps, tap => Assert.NotNull(tap!["refusedSince"]));
                Assert.True((bool)taps[0]!["connected"]!);
            }

            var line = Assert.Single((await LogAsync(folder)).Split('\n'), line => line.Contains("Pours are refused", StringComparison.Ordinal));
            Assert.Contains("7, 8, 99", line, StringComparison.Ordinal);
            Assert.Contains("keys add --role tap", line, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("revoked")]
    [InlineData("viewer")]
    [InlineData("other tap")]
    [InlineData("batch")]
    public async Task ATapIsMarkedForAnyKeyThatIsNotItsOwnUntilAPourIsTaken(string how)
    {
        await using var hub = await HubUnderTest.StartAsync();
        await hub.PourAsync(7);
        var (_, boss) = await hub.KeyAsync(Role.Operator);
        var (id, key) = how == "viewer" ? await hub.KeyAsync(Role.Viewer) : await hub.KeyAsync(Role.Tap, how == "revoked" ? 7 : 8);
        if (how == "revoked")
        {
            Assert.Equal(204, await hub.StatusAsync("DELETE", $"/api/keys/{id}", boss));
        }

        Assert.Null((await TapAsync(hub))["refusedSince"]);
        if (how == "batch")
        {
            Assert.Equal(200, await hub.StatusAsync("POST", "/api/beers/batch", key, $$"""{"beers":[{{Pour(8)}},{{Pour(7)}}]}"""));
            Assert.Null((await TapAsync(hub, 8))["refusedSince"]);
        }
        else
        {
            Assert.InRange(await hub.StatusAsync("POST", "/api/beers", key, Pour(7)), 401, 403);
        }

        Assert.NotNull((await TapAsync(hub))["refusedSince"]);

        Assert.Equal(201, await hub.StatusAsync("POST", "/api/beers", boss, Pour(7)));
        Assert.Null((await TapAsync(hub))["refusedSince"]);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("""{"tapId":"seven"}""")]
    [InlineData("")]
    public async Task ABodyThatSaysNothingIsRefusedAsAnyOther(string body)
    {
        await using var hub = await HubUnderTest.StartAsync();
        await hub.KeyAsync(Role.Operator);
        Assert.Equal(401, await hub.StatusAsync("POST", "/api/beers", body: body));
        Assert.Equal(401, await hub.StatusAsync("POST", "/api/beers/batch", body: body));
    }

    private static string Pour(int tapId) => $$"""{"tapId":{{tapId}},"volume":500}""";

    private static async Task<System.Text.Json.Nodes.JsonNode> TapAsync(HubUnderTest hub, int tapId = 7) => (await hub.GetAsync($"/api/taps/{tapId}"))["tap"]!;

    private static async Task<string> LogAsync(DirectoryInfo folder)
    {
        var text = "";
        foreach (var file in folder.GetFiles())
        {
            using var reader = new StreamReader(new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            text += await reader.ReadToEndAsync();
        }

        return text;
    }
}
