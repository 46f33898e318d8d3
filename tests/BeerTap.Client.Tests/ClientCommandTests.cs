namespace BeerTap.Client.Tests;

public sealed class ClientCommandTests
{
    [Fact]
    public async Task WithoutOptionsOneTapPoursAtTheLocalHub()
    {
        var (options, _) = await ReadAsync([]);
        Assert.Equal("http://localhost:8338/", options!.Server.ToString());
        Assert.Equal((1, 1, TimeSpan.FromSeconds(2), FeedKind.SignalR), (options.FirstTap, options.Taps, options.Every, options.Feed));
        Assert.Equal((null, null, null, 10_000, false), (options.Count, options.After, options.SpoolFile, options.SpoolLimit, options.Quiet));
    }

    [Fact]
    public async Task EveryOptionIsTaken()
    {
        var (options, _) = await ReadAsync(
            ["--server", "https://bar.example/hub", "--tap", "7", "--taps", "3", "--every", "500ms", "--seed", "-5", "--count", "9", "--after", "k3x9q2ab-42",
             "--feed", "sse", "--spool", "taps.spool", "--spool-limit", "50", "--quiet", "--watch", "--api-key", "@secret"]);
        Assert.Equal("https://bar.example/hub/", options!.Server.ToString());
        Assert.Equal((7, 3, TimeSpan.FromMilliseconds(500), -5, 9L, "k3x9q2ab-42"), (options.FirstTap, options.Taps, options.Every, options.Seed, options.Count!.Value, options.After));
        Assert.Equal((FeedKind.Sse, "taps.spool", 50, true, true, "@secret"), (options.Feed, options.SpoolFile, options.SpoolLimit, options.Quiet, options.Watch, options.ApiKey));
    }

    [Fact]
    public async Task TheEnvironmentCountsWhereTheCommandLineSaysNothing()
    {
        var environment = new Dictionary<string, string> { ["INET_ADDR"] = "hub", ["TAP_ID"] = "4", ["BEERTAP_API_KEY"] = "k" };
        var (options, _) = await ReadAsync(["--tap", "9"], environment);
        Assert.Equal(("http://hub:8338/", 9, "k"), (options!.Server.ToString(), options.FirstTap, options.ApiKey));
    }

    [Fact]
    public async Task AnEmptyVariableCountsAsNotSet()
    {
        var (options, _) = await ReadAsync([], new() { ["INET_ADDR"] = "", ["TAP_ID"] = "" });
        Assert.Equal(("http://localhost:8338/", 1), (options!.Server.ToString(), options.FirstTap));
    }

    [Fact]
    public async Task AllFaultsAreListedAtOnceOneToALine()
    {
        var (options, error) = await ReadAsync(["--every", "often", "--feed", "pigeon", "--taps", "-1", "--api-key", "a b"], new() { ["TAP_ID"] = "one" });
        Assert.Null(options);
        Assert.Equal(["TAP_ID", "--taps", "--every", "--feed", "--api-key"], error.Select(line => line.Split(':')[0]));
        Assert.Equal("--feed: 'pigeon' is not one of signalr, websocket, sse", error[3]);
        Assert.DoesNotContain("a b", error[4], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--tap 1.5")]
    [InlineData("--tap -1")]
    [InlineData("--tap 0")]
    [InlineData("--tap 99999999999")]
    [InlineData("--tap 2147483647 --taps 2")]
    [InlineData("--taps 10001")]
    [InlineData("--every 2")]
    [InlineData("--every -2s")]
    [InlineData("--every 1e9s")]
    [InlineData("--every 25h")]
    [InlineData("--count 0")]
    [InlineData("--taps 0 --count 5")]
    [InlineData("--after 42")]
    [InlineData("--after k-x")]
    [InlineData("--after -5")]
    [InlineData("--server ftp://x")]
    [InlineData("--server http://")]
    [InlineData("--server host:99999")]
    [InlineData("--server http://user@host")]
    [InlineData("--spool-limit 0")]
    [InlineData("--seed")]
    [InlineData("--seed 1 --seed 2")]
    [InlineData("--unknown")]
    public async Task AWrongOptionIsOneClearLineAndExitCodeTwo(string line)
    {
        var (options, error) = await ReadAsync(line.Split(' '));
        Assert.Null(options);
        Assert.Single(error);
    }

    [Theory]
    [InlineData("host", "http://host:8338/")]
    [InlineData("host:80", "http://host/")]
    [InlineData("host:9000", "http://host:9000/")]
    [InlineData("10.0.0.7", "http://10.0.0.7:8338/")]
    [InlineData("[::1]", "http://[::1]:8338/")]
    [InlineData("[::1]:90", "http://[::1]:90/")]
    [InlineData("host/bar", "http://host:8338/bar/")]
    [InlineData("http://host", "http://host/")]
    [InlineData("https://host:1/x/", "https://host:1/x/")]
    public void TheHubMayBeNamedInShortOrInFull(string given, string meant) => Assert.Equal(meant, ServerAddress.Parse(given)?.ToString());

    [Theory]
    [InlineData("0", 0)]
    [InlineData("0s", 0)]
    [InlineData("500ms", 500)]
    [InlineData("2s", 2000)]
    [InlineData("1.5m", 90_000)]
    [InlineData("1h", 3_600_000)]
    public void DurationsAreReadAndSaidInTheSameWords(string text, int milliseconds)
    {
        Assert.True(Duration.TryParse(text, out var duration));
        Assert.Equal(milliseconds, duration.TotalMilliseconds);
        Assert.True(Duration.TryParse(Duration.Text(duration), out var again));
        Assert.Equal(duration, again);
    }

    [Fact]
    public async Task TheKeyMayLieInAFileAsASecretDoes()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "bt_secret\n");
            Assert.Equal("bt_secret", (await ReadAsync(["--api-key-file", file])).Options!.ApiKey);
            Assert.Equal("bt_secret", (await ReadAsync([], new() { ["BEERTAP_API_KEY_FILE"] = file })).Options!.ApiKey);

            var (options, error) = await ReadAsync(["--api-key", "k"], new() { ["BEERTAP_API_KEY_FILE"] = file });
            Assert.Null(options);
            Assert.Equal("BEERTAP_API_KEY_FILE: the key is given by --api-key as well; give one of them", Assert.Single(error));

            await File.WriteAllTextAsync(file, "two words");
            (options, error) = await ReadAsync(["--api-key-file", file]);
            Assert.Null(options);
            Assert.DoesNotContain("two words", Assert.Single(error), StringComparison.Ordinal);
            Assert.StartsWith("--api-key-file: ", Assert.Single((await ReadAsync(["--api-key-file", "/nowhere/key"])).Error), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task<(ClientOptions? Options, string[] Error)> ReadAsync(string[] args, Dictionary<string, string>? environment = null)
    {
        ClientOptions? read = null;
        using var error = new StringWriter();
        var code = await new ClientCommand(name => environment?.GetValueOrDefault(name)).InvokeAsync(
            args,
            error,
            (options, _) =>
            {
                read = options;
                return Task.FromResult(0);
            },
            (_, _) => Task.FromException<int>(new InvalidOperationException("A load was not asked for.")),
            CancellationToken.None);
        Assert.Equal(read is null ? 2 : 0, code);
        return (read, error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
