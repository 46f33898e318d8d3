using System.Text.Json;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Fuzz;

/// <summary>Every beer that the hub said it made for the fuzzing, and every one it said it deleted.</summary>
internal sealed class Ledger
{
    /// <summary>Whose posts are cut off now and then, so that nobody knows whether they arrived.</summary>
    public const int UnsureTap = 77;

    private readonly Lock _writing = new();
    private readonly Dictionary<long, (int TapId, double Volume)> _beers = [];
    private readonly List<long> _ids = [];
    private readonly HashSet<long> _deleted = [];
    private readonly HashSet<long> _doomed = [];

    public int Count => _beers.Count;

    public int Deleted => _deleted.Count;

    /// <summary>What is wrong with a beer that was answered as new, or null.</summary>
    public string? Made(long id, int tapId, double volume)
    {
        lock (_writing)
        {
            if (!_beers.TryAdd(id, (tapId, volume))) return $"the id {id} was given twice";
            _ids.Add(id);
            return null;
        }
    }

    /// <summary>A beer that was made; null when there is none yet.</summary>
    public (long Id, int TapId, double Volume)? Any(Random random)
    {
        lock (_writing)
        {
            if (_ids.Count == 0) return null;
            var id = _ids[random.Next(_ids.Count)];
            return _doomed.Contains(id) ? null : (id, _beers[id].TapId, _beers[id].Volume);
        }
    }

    /// <summary>A beer that whoever asked will delete, and nobody else; null when there is none.</summary>
    public long? Doom(Random random)
    {
        lock (_writing)
        {
            if (_ids.Count == 0) return null;
            var id = _ids[random.Next(_ids.Count)];
            return _doomed.Add(id) ? id : null;
        }
    }

    public bool IsDoomed(long id)
    {
        lock (_writing) return _doomed.Contains(id);
    }

    public void Gone(long id)
    {
        lock (_writing) _deleted.Add(id);
    }

    /// <summary>
    /// Reads the whole log: it holds every beer that was answered as made, with its tap and volume, the neighbour's pours and every deletion, each
    /// once; nothing else; and its positions are 1, 2, 3, ….
    /// </summary>
    /// <returns>The length of the log, and what is wrong, or null.</returns>
    public async Task<(long Head, string? Fault)> CompareAsync(HttpClient http, PourBook neighbour, CancellationToken cancel)
    {
        var (head, after, unsure) = (0L, "earliest", 0);
        var (beers, pours, deletions) = (0, 0, new HashSet<long>());
        while (true)
        {
            using var page = JsonDocument.Parse(await http.GetByteArrayAsync($"/api/events?limit=1000&after={after}", cancel));
            var events = page.RootElement.GetProperty("events");
            if (events.GetArrayLength() == 0) break;
            foreach (var entry in events.EnumerateArray())
            {
                head++;
                if (!entry.GetProperty("position").GetString()!.EndsWith($"-{head}", StringComparison.Ordinal)) return (head, $"position number {head} is missing: {entry}");
                if (entry.GetProperty("event").GetString() == "beerDeleted")
                {
                    if (!deletions.Add(entry.GetProperty("id").GetInt64())) return (head, $"deleted twice: {entry}");
                    continue;
                }

                var beer = entry.GetProperty("beer");
                var (id, tapId, volume) = (beer.GetProperty("id").GetInt64(), beer.GetProperty("tapId").GetInt32(), beer.GetProperty("volume").GetDouble());
                if (id != head) return (head, $"the id is not the position: {entry}");
                if (_beers.TryGetValue(id, out var made))
                {
                    if (made != (tapId, volume)) return (head, $"answered as {made.Volume} ml of tap {made.TapId}, and stored as {entry}");
                    beers++;
                }
                else if (neighbour.IsAcknowledged(PourBook.NumberOf(volume), id)) pours++;
                else if (tapId == UnsureTap) unsure++;
                else return (head, $"a beer that nobody was told of: {entry}");
            }

            after = page.RootElement.GetProperty("position").GetString()!;
        }

        var fault = beers != _beers.Count ? $"{_beers.Count} beers were answered 201, {beers} are there"
            : pours != neighbour.Count ? $"the neighbour poured {neighbour.Count}, {pours} are there"
            : !deletions.SetEquals(_deleted) ? $"{_deleted.Count} deletions were answered 204, {deletions.Count} are there"
            : null;
        if (unsure > 0) Verdict.Say($"{unsure} beers are of posts that were cut off");
        return (head, fault);
    }
}
