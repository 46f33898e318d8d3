using System.Net;
using System.Text.RegularExpressions;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>The start page as it is served; what it does in a browser is tested in <c>tests/browser</c>.</summary>
public sealed partial class PageTests
{
    [Fact]
    public async Task EverythingThePageNeedsIsTheHubsOwn()
    {
        await using var hub = await HubUnderTest.StartAsync("--Security:Reading=keys");
        using var answer = await hub.Http.GetAsync("/");
        var page = await answer.Content.ReadAsStringAsync();
        Assert.Contains("script-src 'self';", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.DoesNotMatch("<script>|<style|style=|onclick=", page);

        var seen = new HashSet<string>(StringComparer.Ordinal);
        var toRead = new Queue<string>(Link().Matches(page).Select(link => link.Groups[1].Value).Where(link => link != "docs"));
        while (toRead.TryDequeue(out var path))
        {
            Assert.DoesNotContain("//", path, StringComparison.Ordinal);
            if (!seen.Add(path)) continue;
            using var file = await hub.Http.GetAsync($"/{path}");
            Assert.Equal((path, HttpStatusCode.OK), (path, file.StatusCode));

            // A browser asks each time whether it changed, so that a newer hub is never met by a part of an older page.
            Assert.True(file.Headers.CacheControl!.NoCache);
            if (!path.StartsWith("page/", StringComparison.Ordinal) || !path.EndsWith(".js", StringComparison.Ordinal)) continue;
            foreach (Match import in Import().Matches(await file.Content.ReadAsStringAsync())) toRead.Enqueue($"page/{import.Groups[1].Value}");
        }

        Assert.Contains("lib/signalr/signalr.min.js", seen);
        Assert.Contains("page/feed.js", seen);
    }

    [Fact]
    public async Task TheLibraryComesWithItsLicence()
    {
        await using var hub = await HubUnderTest.StartAsync();
        Assert.Contains("The MIT License", await hub.Http.GetStringAsync("/lib/signalr/LICENSE.txt"), StringComparison.Ordinal);
    }

    [GeneratedRegex("(?:src|href)=\"([^\"#]+)\"")]
    private static partial Regex Link();

    [GeneratedRegex("from '\\./([a-z]+\\.js)'")]
    private static partial Regex Import();
}
