using System.CommandLine;
using BeerTap.Processes;
using BeerTap.Stress.Herd;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Scenarios;

/// <summary>The disk of a hub under load refuses every flush for some seconds, several times; then the hub is killed and started again.</summary>
internal sealed class FlushFails : Scenario
{
    private static readonly string[] Errors = ["EIO", "ENOSPC"];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Option<int> _rounds, _seconds, _rate, _listeners;
    private readonly Option<string> _provider;

    public FlushFails()
        : base("flush-fails", "what is acknowledged or heard is on the disk though flushes fail, and the hub goes on by itself when they work again")
    {
        _rounds = Number("--rounds", "How often flushes fail, and the hub is killed afterwards", 3);
        _seconds = Number("--seconds", "How long they fail", 3);
        _rate = Number("--rate", "Pours a second", 100);
        _listeners = Number("--listeners", "How many listen", 20);
        _provider = Words("--provider", "The store: sqlite, or litedb in a build that has it [default: sqlite]");
    }

    public override async Task RunAsync(ParseResult options, Verdict verdict, CancellationToken cancel)
    {
        if (await FailingFlushes.WhyNotAsync() is { } reason)
        {
            Verdict.Say($"skipped: {reason}");
            return;
        }

        var provider = options.Of(_provider) is { Length: > 0 } named ? named : "sqlite";
        var book = new PourBook { Chronicle = new Chronicle() };
        await using var hub = new HubProcess($"--Storage:Provider={provider}");
        await hub.StartAsync();
        using var http = new HttpClient { BaseAddress = hub.Address };
        await using var pourers = new Pourers(hub.Address, book);
        await using var listeners = Listeners.Mixed(hub.Address, options.Of(_listeners), book);
        await listeners.ConnectAsync(() => null, cancel);
        pourers.Start(options.Of(_rate));
        for (var round = 0; round < options.Of(_rounds); round++)
        {
            await Until.IsSoAsync(() => Task.FromResult(book.Acknowledged > round * 50), "pours are acknowledged", Patience, cancel);
            await FailAsync(hub, http, pourers, book, Errors[round % Errors.Length], TimeSpan.FromSeconds(options.Of(_seconds)), verdict, cancel);
        }

        await pourers.StopAsync(cancel);
        verdict.Check(pourers.Refused.Count == 0, $"{book.Count} pours, {pourers.Repeated} sent again, {pourers.Unavailable} answers 503 {string.Join("; ", pourers.Refused.Take(1))}");
        verdict.Check(pourers.Unavailable > 0 && pourers.Unadvised == 0, $"{pourers.Unavailable} answers said 503, {pourers.Unadvised} of them not when to come back");
        var (head, fault) = await book.CompareAsync(http, cancel);
        verdict.Check(fault is null && book.Acknowledged == book.Count, fault ?? $"{book.Acknowledged} of {book.Count} pours were acknowledged, each is there once, under its id, up to position {head}");
        await listeners.CheckHeardAllAsync(head, verdict, cancel);

        // What was heard must be what the next start finds: the chronicle compares the same positions again.
        await hub.KillAsync();
        await hub.StartAsync();
        var (after, lost) = await book.CompareAsync(http, cancel);
        verdict.Check(lost is null && after == head, lost ?? $"after a kill the hub stands at position {after} of {head}, with every pour that was acknowledged or heard");
        await using var again = Listeners.Mixed(hub.Address, Transport.All.Length, book);
        await again.ConnectAsync(() => "earliest", cancel);
        await again.CheckHeardAllAsync(head, verdict, cancel);
    }

    private static async Task FailAsync(
        HubProcess hub, HttpClient http, Pourers pourers, PourBook book, string error, TimeSpan length, Verdict verdict, CancellationToken cancel)
    {
        int acknowledged, refusedBefore;
        await using (await FailingFlushes.AttachAsync(hub.Id, error))
        {
            // Answers that were on their way when the first flush failed.
            (acknowledged, refusedBefore) = (book.Acknowledged, pourers.Unavailable);
            await Until.IsSoAsync(() => Task.FromResult(pourers.Unavailable > refusedBefore), "a pour is refused", Patience, cancel);
            acknowledged = book.Acknowledged;
            await Task.Delay(length, TimeProvider.System, cancel);
            verdict.Check(book.Acknowledged == acknowledged, $"{error}: {book.Acknowledged - acknowledged} pours were acknowledged in {length.TotalSeconds:0} s without a flush");
            verdict.Check(!await Until.AnswersAsync(http, "/health/ready", cancel), $"{error}: the hub is not ready");
        }

        var took = await Until.IsSoAsync(() => Task.FromResult(book.Acknowledged > acknowledged), "pours are taken again", Patience, cancel);
        Verdict.Say($"{error}: pours were taken again {took.TotalSeconds:0.0} s after flushes worked");
    }
}
