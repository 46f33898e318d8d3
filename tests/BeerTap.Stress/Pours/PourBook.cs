using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using BeerTap.Stress.Herd;

namespace BeerTap.Stress.Pours;

/// <summary>
/// What was poured and what was acknowledged. Each pour has a number, which travels as its volume: 100 ml and as many times 0.0001 ml, so that
/// whoever hears of the beer knows which pour it was, and when that was sent.
/// </summary>
internal sealed class PourBook
{
    private const int Most = 8_000_000;
    private const double Grain = 0.0001;

    private readonly long[] _sent = new long[Most];
    private readonly long[] _acknowledged = new long[Most];
    private int _count, _answered;

    /// <summary>How many pours there are.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>How many were acknowledged.</summary>
    public int Acknowledged => Volatile.Read(ref _answered);

    /// <summary>Pours that were acknowledged as one beer and then as another.</summary>
    public ConcurrentQueue<string> Contradictions { get; } = [];

    /// <summary>Compares what each listener heard at each position; null: it is not compared.</summary>
    public Chronicle? Chronicle { get; init; }

    /// <summary>Others pour as well: a beer that is not in the book is theirs.</summary>
    public bool OthersPour { get; init; }

    /// <summary>How long the answer to each took.</summary>
    public Latencies Answers { get; set; } = new();

    /// <summary>How long each took to be heard by each listener.</summary>
    public Latencies Heard { get; set; } = new();

    /// <summary>The number of a new pour, sent now.</summary>
    public int Next()
    {
        var number = Interlocked.Increment(ref _count) - 1;
        _sent[number] = Stopwatch.GetTimestamp();
        return number;
    }

    public static string VolumeOf(int number) => (100 + (number + 1) * Grain).ToString("0.0000", CultureInfo.InvariantCulture);

    public static int NumberOf(double volume) => (int)Math.Round((volume - 100) / Grain) - 1;

    public long SentAt(int number) => _sent[number];

    public bool IsAcknowledged(int number, long id) => number >= 0 && number < Count && _acknowledged[number] == id;

    public void Acknowledge(int number, long id)
    {
        Answers.Add(_sent[number], Stopwatch.GetTimestamp());
        var before = Interlocked.CompareExchange(ref _acknowledged[number], id, 0);
        if (before == 0) Interlocked.Increment(ref _answered);
        else if (before != id) Contradictions.Enqueue($"; pour {number} was acknowledged as {before} and as {id}");
    }

    /// <summary>
    /// Reads the whole log: every acknowledged pour is there once, under the id that was answered; no pour is there twice; positions are 1, 2, 3, …,
    /// some of them deletions.
    /// </summary>
    /// <returns>The length of the log, and what is wrong, or null.</returns>
    public async Task<(long Head, string? Fault)> CompareAsync(HttpClient http, CancellationToken cancel)
    {
        var (head, after) = (0L, "earliest");
        var stored = new long[Count];
        while (true)
        {
            var page = JsonNode.Parse(await http.GetStringAsync($"/api/events?limit=1000&after={after}", cancel))!;
            var events = page["events"]!.AsArray();
            if (events.Count == 0) break;
            foreach (var entry in events)
            {
                head++;
                if ((string?)entry!["position"] is not { } position || !position.EndsWith($"-{head}", StringComparison.Ordinal)) return (head, $"position number {head} is missing: {entry.ToJsonString()}");
                if (entry["beer"] is not { } beer) continue;
                var number = NumberOf((double)beer["volume"]!);
                if (number < 0 || number >= Count) return (head, $"a beer that nobody poured: {entry.ToJsonString()}");
                if (stored[number] != 0) return (head, $"pour {number} is there twice, as {stored[number]} and {entry.ToJsonString()}");
                stored[number] = (long)beer["id"]!;
            }

            after = (string)page["position"]!;
        }

        for (var number = 0; number < Count; number++)
        {
            if (_acknowledged[number] != 0 && stored[number] != _acknowledged[number]) return (head, $"pour {number} was acknowledged as {_acknowledged[number]} and is {(stored[number] == 0 ? "not there" : $"there as {stored[number]}")}");
        }

        return (head, null);
    }
}
