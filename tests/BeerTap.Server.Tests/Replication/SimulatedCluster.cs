using BeerTap.Server.Replication;
using BeerTap.Server.Storage;
using static BeerTap.Server.Tests.Storage.StoreUnderTest;

namespace BeerTap.Server.Tests.Replication;

/// <summary>A simulated log and the hubs of a test on it, which end with it.</summary>
public abstract class SimulatedCluster : IAsyncLifetime
{
    /// <summary>How many entries a session of the log gives ahead.</summary>
    private protected const int Ahead = 300;

    /// <summary>Long, for the clock goes faster than a busy machine's threads; it is stopped where the time matters.</summary>
    private protected static readonly TimeSpan LogTimeout = TimeSpan.FromSeconds(20);

    private protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<SimulatedHub> _hubs = [];

    private protected SimulatedCluster()
    {
        Log = new SimulatedLog(new Random(1), Time) { Ahead = Ahead };
        Clock = new SimulatedClock(Time);
    }

    private protected SimulatedTime Time { get; } = new();

    private protected SimulatedLog Log { get; }

    /// <summary>Lets the time go on, until it is stopped.</summary>
    private protected SimulatedClock Clock { get; private set; }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await Clock.StopAsync();
        Clock = new SimulatedClock(Time);
        foreach (var hub in _hubs) await Task.Run(hub.Dispose);
        await Clock.StopAsync();
    }

    private protected static (OutcomeKind Kind, long Id, StoreFault Fault) NotTaken => (OutcomeKind.StoreUnavailable, 0, StoreFault.LogUnavailable);

    private protected static (OutcomeKind Kind, long Id, StoreFault Fault) Poured(long id) => (OutcomeKind.Poured, id, default);

    private protected static (OutcomeKind Kind, long Id, StoreFault Fault) Only(Outcome outcome) => (outcome.Kind, outcome.Beer?.Id ?? 0, outcome.Fault);

    private protected SimulatedHub Hub(MemoryDisk? disk = null, TimeSpan? timeout = null, IntakeOptions? intake = null, ISharedKeys? keys = null)
    {
        var hub = new SimulatedHub(Log, Time, (disk ?? new MemoryDisk()).Open, timeout: timeout ?? LogTimeout, intake: intake, keys: keys);
        _hubs.Add(hub);
        return hub;
    }

    private protected async Task<SimulatedHub> StartAsync(MemoryDisk? disk = null, TimeSpan? timeout = null, IntakeOptions? intake = null, ISharedKeys? keys = null)
    {
        var hub = Hub(disk, timeout, intake, keys);
        await Eventually.HoldsAsync(() => hub.Status.CaughtUp, "the hub does not catch up");
        return hub;
    }

    private protected static async Task TakesAsync(SimulatedHub hub)
    {
        while (Only(await hub.Committer.SubmitAsync(Pour(pourId: "takes")).WaitAsync(Patience)) is { Kind: OutcomeKind.StoreUnavailable })
        {
            // It says so until it is connected again.
        }
    }
}
