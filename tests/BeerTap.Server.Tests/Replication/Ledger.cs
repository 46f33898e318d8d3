using BeerTap.Server.Beers;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Tests.Replication;

/// <summary>What callers asked for and were answered, to be held against the log in the end. A pour is known by its volume, which no other has.</summary>
internal sealed class Ledger
{
    private readonly List<(Command[] Commands, Task<Outcome[]> Answer)> _asked = [];
    private int _volumes;

    public int Acknowledged { get; private set; }

    public int Unanswered => _asked.Count(ask => !ask.Answer.IsCompleted);

    public PourBeer NewPour(Random random, string? pourId) =>
        new(random.Next(1, 5), "pint", 300 + (++_volumes / 1_000.0), StoreTime(random), pourId);

    public Task<Outcome[]> Ask(ReplicatedCommitterUnderTest hub, Command[] commands)
    {
        var answer = hub(commands);
        _asked.Add((commands, answer));
        return answer;
    }

    public async Task AllAnsweredAsync(TimeSpan patience) => await Task.WhenAll(_asked.Select(ask => ask.Answer)).WaitAsync(patience);

    /// <summary>Everything that was answered holds in the log, once.</summary>
    public void Check(IReadOnlyList<LogEvent> log)
    {
        var poured = log.OfType<BeerPoured>().Select(entry => entry.Beer).ToList();
        Assert.Equal(poured.Count, poured.Select(beer => beer.Volume).Distinct().Count());
        var deleted = log.OfType<BeerDeleted>().Select(entry => entry.Beer.Id).ToList();
        Assert.Equal(deleted.Count, deleted.Distinct().Count());

        var byPourId = new Dictionary<(int, string), Beer>();
        foreach (var (commands, answer) in _asked)
        {
            var outcomes = answer.Result;
            Assert.Equal(commands.Length, outcomes.Length);
            foreach (var (command, outcome) in commands.Zip(outcomes))
            {
                if (outcome.Kind is OutcomeKind.StoreUnavailable or OutcomeKind.IntakeFull) continue;
                Acknowledged++;
                if (command is PourBeer pour) CheckPour(pour, outcome, log, byPourId);
                else if (command is DeleteBeer delete && outcome.Kind == OutcomeKind.Deleted) Assert.Contains(delete.Id, deleted);
                else Assert.Equal(OutcomeKind.NotFound, outcome.Kind);
            }
        }
    }

    private static void CheckPour(PourBeer pour, Outcome outcome, IReadOnlyList<LogEvent> log, Dictionary<(int, string), Beer> byPourId)
    {
        var beer = outcome.Beer!;
        Assert.Equal(beer, log.Poured(beer.Id));
        Assert.Equal(pour.TapId, beer.TapId);
        if (outcome.Kind == OutcomeKind.PourIdReused) Assert.NotEqual(pour.Volume, beer.Volume);
        else Assert.Equal(pour.Volume, beer.Volume);
        if (pour.PourId is null)
        {
            Assert.Equal(OutcomeKind.Poured, outcome.Kind);
            return;
        }

        if (!byPourId.TryAdd((pour.TapId, pour.PourId), beer)) Assert.Equal(byPourId[(pour.TapId, pour.PourId)], beer);
    }

    private static DateTime StoreTime(Random random) => Storage.StoreUnderTest.Noon.AddMilliseconds(random.Next(100_000_000));
}

/// <summary>Where commands are handed over.</summary>
internal delegate Task<Outcome[]> ReplicatedCommitterUnderTest(params Command[] commands);
