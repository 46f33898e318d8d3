using BeerTap.Server.Replication;
using BeerTap.Server.Taps;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Security;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace BeerTap.Server.Tests.Replication;

/// <summary>Hubs that hear each other know each other's taps; those that do not, know their own.</summary>
public sealed class HubPresenceTests
{
    [Fact]
    public async Task EachHubKnowsTheTapsOfAll()
    {
        var air = new FakeAir();
        await using var a = await PresentHub.StartAsync(air);
        a.Taps.Connected(1);
        await using var b = await PresentHub.StartAsync(air);
        b.Taps.Connected(2);
        await UntilAsync(() => a.Taps.IsConnected(2) && b.Taps.IsConnected(1));

        a.Taps.Disconnected(1);
        await UntilAsync(() => !b.Taps.IsConnected(1));
        Assert.Equal((1, 1), (a.Others.Count, b.Others.Count));
    }

    [Fact]
    public async Task ThousandsOfTapsAreListedInWordsOfBoundedSize()
    {
        var air = new FakeAir();
        await using var a = await PresentHub.StartAsync(air);
        for (var tap = 1; tap <= 9_000; tap++) a.Taps.Connected(1_000_000 + tap);
        await using var b = await PresentHub.StartAsync(air);
        await UntilAsync(() => b.Taps.Seen == 9_000);
        Assert.InRange(air.LongestWord, 1, 32 * 1024);
    }

    [Fact]
    public async Task AHubThatStopsSaysSo()
    {
        var air = new FakeAir();
        await using var a = await PresentHub.StartAsync(air);
        var b = await PresentHub.StartAsync(air);
        b.Taps.Connected(2);
        await UntilAsync(() => a.Taps.IsConnected(2));
        await b.DisposeAsync();
        await UntilAsync(() => !a.Taps.IsConnected(2) && a.Others.Count == 0);
    }

    [Fact]
    public async Task WithoutTheBrokersAHubKnowsItsOwnTapsAndAllOfThemAgainAfterwards()
    {
        var air = new FakeAir();
        await using var a = await PresentHub.StartAsync(air);
        await using var b = await PresentHub.StartAsync(air);
        a.Taps.Connected(1);
        await UntilAsync(() => b.Taps.IsConnected(1));

        air.Cut("the brokers are away");
        await UntilAsync(() => !b.Taps.IsConnected(1));
        Assert.True(a.Taps.IsConnected(1));
        a.Taps.Connected(3);

        air.Heal();
        await UntilAsync(() => b.Taps.IsConnected(1) && b.Taps.IsConnected(3));
    }

    [Fact]
    public async Task AWordThatWasLostIsAskedFor()
    {
        var air = new FakeAir();
        await using var a = await PresentHub.StartAsync(air);
        await using var b = await PresentHub.StartAsync(air);
        await UntilAsync(() => b.Others.Count == 1 && a.Others.Count == 1);
        air.Loses = json => PresenceWord.Read(json.Span)!.Came is [7];
        a.Taps.Connected(7);
        await UntilAsync(() => air.Lost > 0);
        air.Loses = _ => false;
        await UntilAsync(() => b.Taps.IsConnected(7));
    }

    private static Task UntilAsync(Func<bool> holds) => Keyed.UntilAsync(() => Task.FromResult(holds()));

    private sealed class PresentHub : IAsyncDisposable
    {
        private readonly HubUnderTest _hub;
        private readonly HubPresence _presence;

        private PresentHub(HubUnderTest hub, FakeAir air)
        {
            _hub = hub;
            Taps = hub.Services.GetRequiredService<TapRegistry>();
            Others = new OtherHubs(Taps, TimeProvider.System);
            _presence = new HubPresence("a hub", air, Taps, Others, new LogStatus(TimeProvider.System), TimeProvider.System, NullLogger<HubPresence>.Instance);
        }

        public TapRegistry Taps { get; }

        public OtherHubs Others { get; }

        public static async Task<PresentHub> StartAsync(FakeAir air)
        {
            var hub = new PresentHub(await HubUnderTest.StartAsync(), air);
            await hub._presence.StartAsync(default);
            return hub;
        }

        public async ValueTask DisposeAsync()
        {
            await _presence.StopAsync(default);
            _presence.Dispose();
            await _hub.DisposeAsync();
        }
    }

    /// <summary>A channel within this process, which can be cut and lose words.</summary>
    private sealed class FakeAir : IPresenceChannel
    {
        private readonly List<Session> _sessions = [];
        private string? _cut;

        public Func<ReadOnlyMemory<byte>, bool> Loses { get; set; } = _ => false;

        public int Lost { get; private set; }

        public int LongestWord { get; private set; }

        public Task<IPresenceSession> OpenAsync(Action<ReadOnlyMemory<byte>> deliver, CancellationToken cancel)
        {
            lock (_sessions)
            {
                if (_cut is not null) return Task.FromException<IPresenceSession>(new IOException(_cut));
                var session = new Session(this, deliver);
                _sessions.Add(session);
                return Task.FromResult<IPresenceSession>(session);
            }
        }

        public void Cut(string why)
        {
            lock (_sessions)
            {
                _cut = why;
                _sessions.ForEach(session => session.End(why));
                _sessions.Clear();
            }
        }

        public void Heal()
        {
            lock (_sessions) _cut = null;
        }

        private void Say(ReadOnlyMemory<byte> word)
        {
            lock (_sessions)
            {
                LongestWord = Math.Max(LongestWord, word.Length);
                if (Loses(word)) Lost++;
                else _sessions.ForEach(session => session.Deliver(word));
            }
        }

        private sealed class Session(FakeAir air, Action<ReadOnlyMemory<byte>> deliver) : IPresenceSession
        {
            private readonly TaskCompletionSource<string> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

            public Task<string> Closed => _closed.Task;

            public Action<ReadOnlyMemory<byte>> Deliver => deliver;

            public void End(string why) => _closed.TrySetResult(why);

            public Task SayAsync(ReadOnlyMemory<byte> word, CancellationToken cancel)
            {
                if (_closed.Task.IsCompleted) return Task.FromException(new IOException("closed"));
                air.Say(word);
                return Task.CompletedTask;
            }

            public ValueTask DisposeAsync()
            {
                lock (air._sessions) air._sessions.Remove(this);
                return ValueTask.CompletedTask;
            }
        }
    }
}
