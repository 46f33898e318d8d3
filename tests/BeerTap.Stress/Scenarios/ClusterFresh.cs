using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using BeerTap.Processes;
using BeerTap.Stress.Cluster;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Scenarios;

/// <summary>Two hubs join a long log while taps pour: one with nothing, one from a backup of another hub.</summary>
internal sealed class ClusterFresh : Scenario
{
    /// <summary>A hub that catches up says so in its log every five seconds.</summary>
    private const double ProgressAfterSeconds = 8;

    private const double FromBackupSeconds = 30;

    private const int Fillers = 4;

    private readonly Option<int> _brokers, _pours, _rate;

    public ClusterFresh()
        : base("cluster-fresh", "a new hub comes to hold what the others do, from the log alone or from a backup, and says how far it is")
    {
        _brokers = Number("--brokers", "How many brokers keep the log: 1 or 3", 1);
        _pours = Number("--pours", "How many pours the log holds", 30_000);
        _rate = Number("--rate", "Pours a second meanwhile", 30);
    }

    public override async Task RunAsync(ParseResult options, Verdict verdict, CancellationToken cancel)
    {
        await using var brokers = await Brokers.StartAsync(options.Of(_brokers));
        await using var hubs = new Hubs();
        await hubs.StartAsync(brokers.ConnectionString, 1);
        var first = hubs.All[0];
        var book = new PourBook();
        await using var pourers = new Pourers(first.Address, book);
        var file = Path.Combine(first.Folder, "backup.beertap");

        // The last tenth is in the log only.
        await FillAsync(pourers, options.Of(_pours) / 10 * 9, cancel);
        await StoreCommand.BackupAsync(first.Folder, file, cancel);
        await FillAsync(pourers, options.Of(_pours) / 10, cancel);
        pourers.Start(options.Of(_rate));

        var fromBackup = Directory.CreateTempSubdirectory("beertap-test-").FullName;
        var began = Stopwatch.GetTimestamp();
        await StoreCommand.RestoreAsync(file, fromBackup, cancel);
        var restored = Stopwatch.GetElapsedTime(began);
        var took = await JoinAsync(hubs, brokers, fromBackup, "from a backup", verdict, cancel);
        Verdict.Say($"the backup was restored in {restored.TotalSeconds:0.0} s");
        verdict.Check(took.TotalSeconds <= FromBackupSeconds, $"from a backup, a hub is ready {took.TotalSeconds:0.0} s after its start; {FromBackupSeconds} s are allowed");
        took = await JoinAsync(hubs, brokers, null, "from the log", verdict, cancel);
        Verdict.Say($"from the log, {book.Acknowledged / took.TotalSeconds:N0} pours a second");

        await pourers.StopAsync(cancel);
        verdict.Check(pourers.Refused.Count == 0, $"no pour was refused for good{string.Concat(pourers.Refused.Take(1))}");
        await hubs.CheckSameAsync(book, verdict, cancel);
    }

    private static Task FillAsync(Pourers pourers, int pours, CancellationToken cancel) =>
        Task.WhenAll(Enumerable.Range(0, Fillers).Select(_ => pourers.FillAsync(pours / Fillers, cancel)));

    /// <summary>Starts a hub and watches what it says until it is ready.</summary>
    private static async Task<TimeSpan> JoinAsync(Hubs hubs, Brokers brokers, string? folder, string how, Verdict verdict, CancellationToken cancel)
    {
        var told = new ConcurrentQueue<string>();
        var hub = hubs.Add(brokers.ConnectionString, Note, folder, "--Logging:Level=Information");
        var reasons = new List<string>();
        var began = Stopwatch.GetTimestamp();
        var starting = hub.StartAsync();
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!starting.IsCompleted)
        {
            if (await Readiness.AskAsync(hubs.Clients[^1], cancel) is { IsReady: false } said && !reasons.Contains(said.Reason)) reasons.Add(said.Reason);
            await poll.WaitForNextTickAsync(cancel);
        }

        await starting;
        var took = Stopwatch.GetElapsedTime(began);
        var progress = told.Where(line => line.Contains("Catching up with the log", StringComparison.Ordinal)).ToList();
        var known = reasons.Where(reason => reason.Contains("catching up with the log", StringComparison.Ordinal)).ToList();
        Verdict.Say($"{how}: ready after {took.TotalSeconds:0.0} s; {progress.Count} lines of progress in its log, {known.Count} different words of it in readiness: {string.Join("; ", known.Take(3))}");
        verdict.Check(
            told.Any(line => line.Contains("Caught up with the log", StringComparison.Ordinal)) && (took.TotalSeconds < ProgressAfterSeconds || (progress.Count > 0 && known.Count > 1)),
            $"{how}, the hub said how far it was until it had caught up, in its log and in its readiness");
        return took;

        void Note(string line)
        {
            if (line.Contains("with the log", StringComparison.Ordinal)) told.Enqueue(line);
        }
    }
}
