using BeerTap.Client.Load;

namespace BeerTap.Client.Tests.Load;

public sealed class LoadCommandTests
{
    [Fact]
    public async Task WithoutOptionsEachFeedHasAListener()
    {
        var (options, _) = await ReadAsync("load");
        Assert.Equal((10, 100, TimeSpan.FromSeconds(10), 1, 3), (options!.Taps, options.Rate, options.Duration, options.Listeners, options.Feeds.Count));
    }

    [Fact]
    public async Task EveryOptionIsTaken()
    {
        var (options, _) = await ReadAsync(
            "load --server hub --tap 5 --taps 3 --rate 2.5 --duration 4s --warm-up 2s --listeners 7 --feed sse,websocket --in-flight 9 --json out.json --api-key k");
        Assert.Equal(("http://hub:8338/", 5, 3, 2.5, 7, 9), (options!.Server.ToString(), options.FirstTap, options.Taps, options.Rate, options.Listeners, options.InFlight));
        Assert.Equal([FeedKind.Sse, FeedKind.WebSocket], options.Feeds);
        Assert.Equal((5, 15, "out.json", "k"), (options.WarmUpPours, options.Pours, options.JsonFile, options.ApiKey));
    }

    [Theory]
    [InlineData("load --rate 0")]
    [InlineData("load --rate -1")]
    [InlineData("load --rate fast")]
    [InlineData("load --rate 100001")]
    [InlineData("load --duration 0")]
    [InlineData("load --duration 10")]
    [InlineData("load --warm-up soon")]
    [InlineData("load --taps 0")]
    [InlineData("load --listeners -1")]
    [InlineData("load --feed sse,pigeon")]
    [InlineData("load --feed sse,")]
    [InlineData("load --in-flight 0")]
    [InlineData("load --rate 100000 --duration 1h")]
    [InlineData("load --rate 0.01 --duration 1s --warm-up 0")]
    [InlineData("load --watch")]
    [InlineData("load --json")]
    public async Task AWrongOptionIsOneClearLineAndExitCodeTwo(string line)
    {
        var (options, error) = await ReadAsync(line);
        Assert.Null(options);
        Assert.Single(error);
    }

    private static async Task<(LoadOptions? Options, string[] Error)> ReadAsync(string line)
    {
        LoadOptions? read = null;
        using var error = new StringWriter();
        var code = await new ClientCommand(_ => null).InvokeAsync(
            line.Split(' '),
            error,
            (_, _) => Task.FromException<int>(new InvalidOperationException("Taps were not asked for.")),
            (options, _) =>
            {
                read = options;
                return Task.FromResult(0);
            },
            CancellationToken.None);
        Assert.Equal(read is null ? 2 : 0, code);
        return (read, error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
