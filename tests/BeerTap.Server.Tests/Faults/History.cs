using BeerTap.Server.Beers;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Tests.Faults;

/// <summary>Everything a store acknowledged, in order, and what it must say of any prefix of it.</summary>
internal sealed class History
{
    private static readonly string[] Types = ["half", "pint", "stein"];
    private static readonly DateTime Opening = new(2026, 11, 21, 17, 0, 0, DateTimeKind.Utc);

    public List<LogEvent> Events { get; } = [];

    public Dictionary<long, string> PourIds { get; } = [];

    /// <summary>Appends random batches of pours and deletions, remembering each when the store has acknowledged it.</summary>
    public void Fill(IBeerStore store, Random random, int batches, int mostPerBatch)
    {
        var live = LiveAt(Events.Count);
        for (var i = 0; i < batches; i++)
        {
            var batch = new LogBatch(Events.Count);
            for (var size = random.Next(1, mostPerBatch + 1); size > 0; size--)
            {
                if (live.Count > 0 && random.Next(8) == 0)
                {
                    var beer = live.Values[random.Next(live.Count)];
                    live.Remove(beer.Id);
                    batch.Delete(beer, beer.Timestamp.AddMinutes(1));
                }
                else
                {
                    var pour = Pour(random, batch.Head);
                    var beer = batch.Pour(pour);
                    live[beer.Id] = beer;
                }
            }

            store.Append(batch);
            Events.AddRange(batch.Events);
            foreach (var ((_, pourId), beer) in batch.Pours) PourIds[beer.Id] = pourId;
        }
    }

    /// <summary>The beers that are there after so many positions, by id.</summary>
    public SortedList<long, Beer> LiveAt(long head)
    {
        var live = new SortedList<long, Beer>();
        foreach (var entry in Events.Take((int)head))
        {
            if (entry is BeerPoured { Beer: var beer }) live[beer.Id] = beer;
            else if (entry is BeerDeleted deletion) live.Remove(deletion.Beer.Id);
        }

        return live;
    }

    /// <summary>Asks a store everything; each answer must be the right one of a prefix, or the store must say that it is damaged.</summary>
    /// <returns>How many answers it gave, and how many it refused.</returns>
    public (int Answered, int Refused) Check(IBeerStore store, long head)
    {
        var (answered, refused, live) = (0, 0, LiveAt(head));
        for (var after = 0L; after < head; after += 97) Ask(() => store.ReadLog(after, 97), Events.Take((int)head).Skip((int)after).Take(97));
        Ask(() => store.ReadLog(head, 10), []);
        foreach (var (id, pourId) in PourIds)
        {
            var beer = ((BeerPoured)Events[(int)id - 1]).Beer;
            Ask(() => One(store.FindPour(beer.TapId, pourId)), id <= head ? [beer] : []);
        }

        for (var id = 1L; id <= head + 1; id += 3) Ask(() => One(store.Find(id)), live.TryGetValue(id, out var beer) ? [beer] : []);
        foreach (var filter in Filters())
        {
            var matching = live.Values.Where(beer => Matches(filter, beer)).ToList();
            for (var after = 0L; ;)
            {
                var page = matching.Where(beer => beer.Id > after).Take(200).ToList();
                Ask(() => store.List(filter, new PageCut(200, AfterId: after)), page);
                if (page.Count == 0) break;
                after = page[^1].Id;
            }

            Ask(() => store.List(filter, new PageCut(50, Descending: true)), matching.AsEnumerable().Reverse().Take(50));
            if (filter.From is not null) Ask(() => [store.Count(filter)], [(long)matching.Count]);
        }

        Ask(
            () => store.ReadTotals().Where(total => total.Beers > 0).Select(total => (total.TapId, total.Type, total.Beers, total.Units)).Order(),
            live.Values.GroupBy(beer => (beer.TapId, beer.Type)).Select(group =>
                (group.Key.TapId, group.Key.Type, (long)group.Count(), group.Sum(beer => Units.FromMillilitres(beer.Volume)))).Order());
        return (answered, refused);

        void Ask<T>(Func<IEnumerable<T>> ask, IEnumerable<T> expected)
        {
            List<T> got;
            try
            {
                got = [.. ask()];
            }
            catch (StoreException fault) when (fault.Fault == StoreFault.Damaged)
            {
                refused++;
                return;
            }

            answered++;
            Assert.Equal(expected, got);
        }
    }

    private static T[] One<T>(T? value)
        where T : class => value is null ? [] : [value];

    private static IEnumerable<BeerFilter> Filters() =>
    [
        new(), new(TapId: 2), new(Type: "stein"), new("pint", 3), new(From: Opening.AddMinutes(30), To: Opening.AddHours(3)), new(TapId: 1, From: Opening.AddHours(1)),
    ];

    private static bool Matches(BeerFilter filter, Beer beer) =>
        (filter.TapId is null || filter.TapId == beer.TapId) && (filter.Type is null || filter.Type == beer.Type)
        && !(beer.Timestamp < filter.From) && !(beer.Timestamp >= filter.To);

    private static PourBeer Pour(Random random, long head) => new(
        random.Next(1, 6),
        Types[random.Next(Types.Length)],
        random.Next(2) == 0 ? random.Next(100, 1001) : 100 + random.NextDouble() * 900,
        Opening.AddSeconds(head * 7 + random.Next(5)),
        random.Next(10) switch { 0 => null, < 6 => $"{random.NextInt64():x16}{random.NextInt64():x16}", _ => $"pour {head} of {random.Next()}" });
}
