using BeerTap.Server.Live;
using BeerTap.Server.Replication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BeerTap.Server.Tests.Replication;

public sealed class AheadTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Clock _clock = new();
    private readonly PendingEntries _pending;
    private readonly RequestDelegate _door;
    private long _head = 10;
    private bool _served;

    public AheadTests()
    {
        _pending = new PendingEntries(4, _clock);
        var status = new LogStatus(_clock);
        status.Watch(() => _pending.Unproven, () => _pending.CameThrough);
        var app = new ApplicationBuilder(new ServiceCollection().BuildServiceProvider());
        new Ahead(status, "abc", () => Volatile.Read(ref _head), _clock).Use(app);
        app.Run(_ =>
        {
            _served = true;
            return Task.CompletedTask;
        });
        _door = app.Build();
    }

    [Theory]
    [InlineData("?after=abc-10")]
    [InlineData("?after=other-11")]
    [InlineData("?after=earliest")]
    [InlineData("")]
    public async Task WhoIsNotAheadIsServedAtOnce(string query)
    {
        await _door(Listener(query)).WaitAsync(Patience);
        Assert.True(_served);
    }

    [Fact]
    public async Task WhoIsAheadIsServedWhenTheHubHasComeToItsPosition()
    {
        var serving = _door(Listener("?after=abc-12"));
        Volatile.Write(ref _head, 11);
        _clock.Advance(TimeSpan.FromSeconds(7));
        Assert.False(serving.IsCompleted);
        Volatile.Write(ref _head, 12);
        await serving.WaitAsync(Patience);
        Assert.True(_served);
    }

    [Fact]
    public async Task APositionThatIsNotInTheLogIsServedOnceThatIsKnown()
    {
        _pending.Add(Entry(1));
        _clock.Advance(TimeSpan.FromSeconds(1));
        var serving = _door(Listener("?after=abc-12"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        _pending.Add(Entry(2));

        // What was made before the listener came shows nothing.
        _pending.Take(1);
        Assert.False(serving.IsCompleted);
        _pending.Take(2);
        await serving.WaitAsync(Patience);
        Assert.True(_served);
    }

    [Fact]
    public async Task AHubThatCannotFindOutSendsTheListenerOn()
    {
        var http = Listener("?after=abc-12");
        _pending.Add(Entry(1));
        _clock.Advance(TimeSpan.FromSeconds(1));
        var serving = _door(http);
        _pending.Take(1);
        _clock.Advance(TimeSpan.FromSeconds(9));
        await serving.WaitAsync(Patience);
        Assert.False(_served);
        Assert.Equal(503, http.Response.StatusCode);
        Assert.Equal("1", http.Response.Headers.RetryAfter);
    }

    [Fact]
    public async Task OnlyListenersWait()
    {
        var http = Listener("?after=abc-12");
        http.SetEndpoint(null);
        await _door(http).WaitAsync(Patience);
        Assert.True(_served);
    }

    [Fact]
    public async Task AListenerThatGoesAwayIsNotWaitedFor()
    {
        using var gone = new CancellationTokenSource();
        var http = Listener("?after=abc-12");
        http.RequestAborted = gone.Token;
        var serving = _door(http);
        await gone.CancelAsync();
        await serving.WaitAsync(Patience);
        Assert.False(_served);
    }

    private static DefaultHttpContext Listener(string query)
    {
        var http = new DefaultHttpContext { Request = { Path = "/sockets/beers", QueryString = new QueryString(query) } };
        http.SetEndpoint(new Endpoint(null, new EndpointMetadataCollection(Listening.Mark), "listening"));
        return http;
    }

    private PendingEntry Entry(long number) => new(new LogEntry("abc", "me", number, []), [], null, _clock.GetTimestamp());

    /// <summary>Stands still until it is put forward; timers run as ever.</summary>
    private sealed class Clock : TimeProvider
    {
        private long _passed = 1;

        public override long GetTimestamp() => Volatile.Read(ref _passed);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan by) => Interlocked.Add(ref _passed, by.Ticks);
    }
}
