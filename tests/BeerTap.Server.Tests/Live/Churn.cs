using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Security;
using Microsoft.Extensions.DependencyInjection;

namespace BeerTap.Server.Tests.Live;

/// <summary>Listeners of every transport that come and leave in every way, drawn from a seed, while pours flow.</summary>
internal sealed class Churn(HubUnderTest hub, Random random)
{
    private const int Taps = 5, AtOnce = 24, PerAddress = 3;

    /// <summary>Enough to fill the buffers of a connection that does not read: 4.5 MB in the formats that carry JSON.</summary>
    private const int Stored = 60, BatchSize = 500;

    private readonly string[] _tapKeys = new string[Taps + 1];
    private readonly ConcurrentBag<RawClient> _held = [];
    private string _operator = "";
    private string[] _keys = [];
    private int _addresses;
    private int _connections;
    private int _cutEarly;

    /// <summary>How many connections there were.</summary>
    public int Connections => _connections;

    /// <summary>How many were cut while they were coming, because a busy machine made them look dead.</summary>
    public int CutEarly => _cutEarly;

    /// <summary>Whether peers can vanish here without a sign.</summary>
    public bool Vanishes { get; private set; } = true;

    /// <summary>How many of each kind of refusal there were, by status.</summary>
    public ConcurrentDictionary<int, int> Refused { get; } = new();

    /// <summary>Makes keys, and pours what slow ones choke on.</summary>
    public async Task PrepareAsync()
    {
        _operator = (await hub.KeyAsync(Role.Operator)).Text;
        for (var tap = 1; tap <= Taps; tap++) _tapKeys[tap] = (await hub.KeyAsync(Role.Tap, tap)).Text;
        _keys = [_operator, (await hub.KeyAsync(Role.Viewer)).Text, _tapKeys[1]];

        using var http = Http(_operator);
        var pours = string.Join(',', Enumerable.Range(0, BatchSize).Select(i => $$"""{"tapId":{{1 + (i % Taps)}},"volume":200.5}"""));
        for (var i = 0; i < Stored; i++)
        {
            using var answer = await http.PostAsync("/api/beers/batch", $$"""{"beers":[{{pours}}]}""".AsJson());
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    /// <summary>
    /// One round: every transport in every way, and as many more at random. Those whom the hub has to cut are still there when it ends: see
    /// <see cref="LetGo"/>.
    /// </summary>
    public async Task RoundAsync()
    {
        using var pours = Http(_operator);
        using var http = Http();
        using var stop = new CancellationTokenSource();
        var pouring = PourAsync(pours, stop.Token);
        List<Func<Task>> guests = [];
        foreach (var transport in RawListener.Transports)
        {
            RawListener Listener(bool slow = false) => new(transport, hub.Address, http) { IsSlow = slow };
            guests.AddRange([Clean(Listener()), Reset(Listener()), Vanish(Listener()), Slow(Listener(slow: true)), Never(Listener(slow: true))]);
            guests.AddRange([Stops(Listener(), Stage.Silent), Stops(Listener(), Stage.HalfRequest)]);
            guests.AddRange([Misfit(Listener()), Stranger(Listener()), Unwelcome(Listener())]);
            if (Listener().IsSignalR) guests.AddRange([Stops(Listener(), Stage.NoHandshake), Mute(Listener())]);
            else guests.Add(Crowd(transport, http));
        }

        for (var i = guests.Count; i > 0; i--)
        {
            var listener = new RawListener(RawListener.Transports[random.Next(RawListener.Transports.Length)], hub.Address, http);
            guests.Add(random.Next(3) switch { 0 => Clean(listener), 1 => Reset(listener), _ => Vanish(listener) });
        }

        random.Shuffle(CollectionsMarshal.AsSpan(guests));
        await Parallel.ForEachAsync(guests, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (guest, _) => await guest());
        await stop.CancelAsync();
        await pouring;
    }

    /// <summary>Closes the sockets of those whom the hub had to cut.</summary>
    public void LetGo()
    {
        while (_held.TryTake(out var client)) client.Reset();
    }

    private Func<Task> Clean(RawListener listener) => Arrive(listener, Query(), listener.LeaveAsync);

    private Func<Task> Reset(RawListener listener) => Arrive(listener, Query(), () =>
    {
        listener.Client.Reset();
        return Task.CompletedTask;
    });

    private Func<Task> Vanish(RawListener listener) => Arrive(listener, Query(), () =>
    {
        Vanishes &= listener.Client.Vanish();
        return Task.CompletedTask;
    });

    /// <summary>Reads a little now and then, and leaves in the middle of it all, in the middle of a frame of its own.</summary>
    private Func<Task> Slow(RawListener listener) => Arrive(listener, Query("earliest"), async () =>
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var i = 0; i < 20 && await listener.Client.ReadSomeAsync(); i++) await pause.WaitForNextTickAsync();
        if (listener.Transport is "beertap.v1" or "plain text" or "signalr") await listener.Client.SayFrameAsync("half", cutAt: 3);
        listener.Client.Reset();
    });

    /// <summary>Never reads again: the hub must cut it. All that the hub has in plain text fits into the buffers, so there it is no burden.</summary>
    private Func<Task> Never(RawListener listener) => Arrive(listener, Query("earliest"), () =>
    {
        if (listener.Transport == "plain text") listener.Client.Reset();
        else _held.Add(listener.Client);
        return Task.CompletedTask;
    });

    /// <summary>Pings once, then reads all and says nothing more: SignalR takes it for dead. (One that never pinged may be silent.)</summary>
    private Func<Task> Mute(RawListener listener) => Arrive(listener, Query(), async () =>
    {
        await listener.PingAsync();
        if (listener.Transport != "signalr polling") await listener.Client.UntilCutAsync();
        _held.Add(listener.Client);
    });

    private Func<Task> Stops(RawListener listener, Stage stage)
    {
        var (from, query) = (Address(), Query());
        return async () =>
        {
            Interlocked.Increment(ref _connections);
            if (await TryArriveAsync(listener, from, query, stage)) _held.Add(listener.Client);
        };
    }

    /// <summary>Asks for what there is not.</summary>
    private Func<Task> Misfit(RawListener listener) => Refuse(listener, Address(), random.Next(2) == 0 ? "after=nonsense" : "tapId=-1", 400);

    /// <summary>Names a tap that nobody ever heard of, which an operator may.</summary>
    private Func<Task> Stranger(RawListener listener) => Arrive(listener, $"?tapId={random.Next(1000, int.MaxValue)}&access_token={_operator}", listener.LeaveAsync);

    /// <summary>Speaks for a tap with another's key.</summary>
    private Func<Task> Unwelcome(RawListener listener) => Refuse(listener, Address(), $"?tapId=1&access_token={_tapKeys[2]}", 403);

    /// <summary>More from one address than there may be.</summary>
    private Func<Task> Crowd(string transport, HttpClient http)
    {
        var (from, query) = (Address(), Query(after: ""));
        return async () =>
        {
            var crowd = Enumerable.Range(0, PerAddress).Select(_ => new RawListener(transport, hub.Address, http)).ToList();
            var arrived = 0;
            foreach (var one in crowd) arrived += await TryArriveAsync(one, from, query) ? 1 : 0;
            Interlocked.Add(ref _connections, PerAddress);
            if (arrived == PerAddress) await Refuse(new RawListener(transport, hub.Address, http), from, query, 503)();
            crowd.ForEach(one => one.Client.Reset());
        };
    }

    private Func<Task> Refuse(RawListener listener, IPAddress from, string query, int status) => async () =>
    {
        Interlocked.Increment(ref _connections);
        try
        {
            Assert.Equal(status, await listener.BeRefusedAsync(from, query));
            Refused.AddOrUpdate(status, 1, (_, before) => before + 1);
            await listener.Client.LeaveAsync();
        }
        catch (Exception fault) when (IsCut(fault))
        {
            Interlocked.Increment(ref _cutEarly);
            listener.Client.Reset();
        }
    };

    private Func<Task> Arrive(RawListener listener, string query, Func<Task> leave, [CallerMemberName] string way = "")
    {
        var from = Address();
        return async () =>
        {
            Interlocked.Increment(ref _connections);
            if (!await TryArriveAsync(listener, from, query)) return;
            try
            {
                await leave();
            }
            catch (Exception fault) when (IsCut(fault))
            {
                // It had something to say yet, or to read.
                listener.Client.Reset();
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"{listener.Transport} that was to leave ({way}, {query}) is still there.");
            }
        };
    }

    private async Task<bool> TryArriveAsync(RawListener listener, IPAddress from, string query, Stage stage = Stage.Arrived)
    {
        try
        {
            await listener.ArriveAsync(from, query, stage);
            return true;
        }
        catch (Exception fault) when (IsCut(fault))
        {
            Interlocked.Increment(ref _cutEarly);
            listener.Client.Reset();
            return false;
        }
    }

    private static bool IsCut(Exception fault) => fault is IOException or SocketException or HttpRequestException;

    /// <summary>
    /// Where to begin and as whom: live, from the beginning, from a position of this log, of another, from the future; with a tap's id or without.
    /// </summary>
    private string Query(string? after = null)
    {
        var repository = hub.Services.GetRequiredService<BeerRepository>();
        var head = repository.Totals.Counts().Head;
        after ??= random.Next(5) switch
        {
            0 => "earliest",
            1 => $"{repository.Epoch}-{random.NextInt64(head)}",
            2 => $"zzzzzzzz-{random.NextInt64(head)}",
            3 => $"{repository.Epoch}-{head + 1_000_000}",
            _ => "",
        };
        var tap = random.Next(1 + Taps);
        var who = tap > 0 ? $"&tapId={tap}" : "";
        var key = tap > 0 ? $"&access_token={_tapKeys[tap]}"
            : random.Next(2) == 0 ? $"&access_token={_keys[random.Next(_keys.Length)]}" : "";
        return $"?after={after}{who}{key}";
    }

    /// <summary>One of this machine's own addresses for each, so that the hub counts each apart.</summary>
    private IPAddress Address() => new([127, 1, (byte)(_addresses / 250 % 250), (byte)(1 + (_addresses++ % 250))]);

    private static async Task PourAsync(HttpClient http, CancellationToken stop)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            await pace.WaitForNextTickAsync(CancellationToken.None);
            using var answer = await http.PostAsync("/api/beers", $$"""{"tapId":{{1 + (i % Taps)}},"volume":500}""".AsJson(), CancellationToken.None);
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        }
    }

    /// <summary>A client that lets go of its idle connections before the hub does.</summary>
    private HttpClient Http(string key = "")
    {
        var http = new HttpClient(new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromMilliseconds(500) }) { BaseAddress = hub.Address };
        if (key.Length > 0) http.DefaultRequestHeaders.Add("X-Api-Key", key);
        return http;
    }
}
