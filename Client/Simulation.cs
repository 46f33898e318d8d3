namespace BeerTap.Client;

/// <summary>
/// One run of the client: opens the spool, starts feeds and taps, and closes them in the order that loses nothing:
/// valves, then senders, then feeds, then the spool.
/// </summary>
internal sealed class Simulation(ClientOptions options, IReport report, TimeProvider time)
{
    /// <summary>Taps start when their feeds are there, so that a feed hears all of them; but when no hub is, or it is slow, they start without.</summary>
    private static readonly TimeSpan FeedsFirst = TimeSpan.FromSeconds(5);

    /// <summary>After Ctrl-C: how long waiting pours have to get acknowledged, and what was acknowledged to be heard.</summary>
    private static readonly TimeSpan LastPours = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    /// <summary>After the last of --count pours: how long the feeds may tell of nothing new before they have told of all.</summary>
    private static readonly TimeSpan HeardPatience = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan ReplayInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>A feed that tells nothing for so many intervals while pours of the spool are still to be heard is not waited for.</summary>
    private const int StillTicks = 4;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>More feeds than this at the same time would overrun a listening socket's queue.</summary>
    private const int MostConnecting = 128;

    private const string Replaying = "pours of the spool settled";

    private readonly PourTally _pours = new();
    private readonly HubKey _key = new(options.ApiKey, options.ApiKeyFile);
    private readonly HubPlace _place = new(options.Server, options.ApiKey, options.Trusted, time);

    /// <summary>Runs until all is poured or <paramref name="asked"/> is cancelled; the exit code.</summary>
    /// <exception cref="SpoolException">The spool cannot be opened.</exception>
    public async Task<int> RunAsync(CancellationToken asked)
    {
        await using var spool = new Spool(options.SpoolLimit, options.SpoolFile is { } file ? SpoolFile.Open(file) : null, report);
        using var http = new HubConnections(options.Server, _key);
        using var connecting = new SemaphoreSlim(MostConnecting);
        var hub = new HubSighting();
        using var closing = CancellationTokenSource.CreateLinkedTokenSource(asked);
        using var giveUp = new CancellationTokenSource();
        using var hangUp = new CancellationTokenSource();
        using var poured = new CancellationTokenSource();
        Begin(spool);

        // Whoever plays no tap still listens.
        var feeds = Enumerable.Range(0, Math.Max(1, options.Taps)).Select(i => Feed(i, http, connecting, hub)).ToList();
        report.Began(() => Now(spool, feeds));
        var listening = Task.WhenAll(feeds.Select(feed => WatchedAsync(feed.RunAsync(hangUp.Token), closing)));
        await FirstOfAsync(closing.Token, Task.WhenAll(feeds.Select(feed => feed.FirstTry)), Task.Delay(FeedsFirst, time, closing.Token));

        var reach = new HubReach(options.Server, spool, report, time);
        var taps = Taps(new BeersApi(http.Posts, time, _place), spool, reach, hub);
        var replaying = TellReplayAsync(spool, feeds[0], poured.Token);
        var pouring = Task.WhenAll(taps.Select(tap => WatchedAsync(tap.RunAsync(closing.Token, giveUp.Token), closing)));
        await FirstOfAsync(closing.Token, options.Taps == 0 ? spool.Writing : Task.WhenAny(pouring, spool.Writing));

        var finished = pouring.IsCompletedSuccessfully && !asked.IsCancellationRequested;
        await closing.CancelAsync();
        giveUp.CancelAfter(LastPours);
        await pouring.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await poured.CancelAsync();
        await replaying;

        var heardAll = finished
            ? await HeardAsync(feeds, HeardPatience, newsRenewsIt: true, asked)
            : !reach.Lost && await HeardAsync(feeds, LastWords, newsRenewsIt: false, CancellationToken.None);
        await hangUp.CancelAsync();
        await listening;
        if (spool.Writing.IsFaulted)
        {
            report.Say(spool.Writing.Exception!.InnerException!.Message);
        }
        else
        {
            await pouring;
        }

        return End(spool, feeds, missed: finished && !heardAll);
    }

    private LiveFeed Feed(int index, HubConnections http, SemaphoreSlim connecting, HubSighting hub)
    {
        var target = new FeedTarget(options.Server, options.Taps == 0 ? null : options.FirstTap + index, options.After, options.ApiKey, Tells: index == 0) { Place = _place, Key = _key };
        return options.Feed switch
        {
            FeedKind.WebSocket => new WebSocketFeed(target, connecting, hub, report, time),
            FeedKind.Sse => new SseFeed(http.Streams, target, connecting, hub, report, time),
            _ => new SignalRFeed(target, connecting, hub, report, time),
        };
    }

    // The taps of this run, and those of an earlier one that left pours in the spool: they pour no more, but send.
    private List<TapSimulator> Taps(BeersApi api, Spool spool, HubReach reach, HubSighting hub)
    {
        var left = spool.Left.ToLookup(pour => pour.TapId);
        var ids = Enumerable.Range(options.FirstTap, options.Taps).ToHashSet();
        return [.. ids.Concat(left.Select(tap => tap.Key).Where(id => !ids.Contains(id))).Select(Tap)];

        TapSimulator Tap(int id)
        {
            var sender = new PourSender(api, spool, reach, hub, _pours, report, time);
            foreach (var pour in left[id])
            {
                sender.Add(new WaitingPour(pour));
            }

            return new TapSimulator(
                new PourGenerator(options.Seed, id, time), sender, spool, options.Every, ids.Contains(id) ? options.Count : 0, time);
        }
    }

    private void Begin(Spool spool)
    {
        if (options.Taps == 0)
        {
            report.Say($"listening to {options.Server}, feed {options.Feed.ToString().ToLowerInvariant()}");
            TellOfSpool(spool);
            return;
        }

        var taps = options.Taps == 1 ? $"tap {options.FirstTap}" : $"taps {options.FirstTap} to {options.FirstTap + options.Taps - 1}";
        var pace = options.Every == TimeSpan.Zero ? "pours as fast as acknowledged" : $"a pour about every {Duration.Text(options.Every)}";
        var count = options.Count is { } most ? $", {most} per tap" : "";
        report.Say($"{taps} at {options.Server}: {pace}{count}, feed {options.Feed.ToString().ToLowerInvariant()}, seed {options.Seed}");
        TellOfSpool(spool);
    }

    private RunState Now(Spool spool, List<LiveFeed> feeds) =>
        new(_place.Now, Summary.Of(_pours, spool.Waiting, feeds.ConvertAll(feed => feed.Tally)), feeds.Count, feeds.Count(feed => feed.Listening), feeds[0].Tally.Last);

    // Until all that an earlier run left is settled, or this run ends; told only when it moves.
    private async Task TellReplayAsync(Spool spool, LiveFeed feed, CancellationToken ended)
    {
        var (left, settled) = (spool.Left.Count, 0);
        if (left == 0)
        {
            return;
        }

        report.Progress(Replaying, 0, left);
        while (settled < left && !ended.IsCancellationRequested)
        {
            await Task.Delay(ReplayInterval, time, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var now = left - spool.LeftWaiting;
            if (now > settled && now < left)
            {
                report.Progress(Replaying, now, left);
            }

            settled = now;
        }

        // What is settled is heard a moment later: the last of them is told when the feed has told of all.
        var (newest, heard, still) = (_pours.NewestBeer, -1L, 0);
        while (feed.Tally.Last?.Seq < newest && still < StillTicks && !ended.IsCancellationRequested)
        {
            (still, heard) = (feed.Tally.Heard > heard ? 0 : still + 1, feed.Tally.Heard);
            report.Progress(Replaying, settled - 1, left);
            await Task.Delay(ReplayInterval, time, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (settled == left)
        {
            report.Progress(Replaying, left, left);
        }
    }

    private void TellOfSpool(Spool spool)
    {
        if (spool.Left.Count > 0)
        {
            report.Say($"the spool {options.SpoolFile} holds {ConsoleReport.Pours(spool.Left.Count)} of an earlier run, sent first");
        }
    }

    private int End(Spool spool, List<LiveFeed> feeds, bool missed)
    {
        var (waiting, homeless) = (spool.Waiting, spool.Homeless());
        var kept = waiting - homeless.Count(pour => pour.Why is null);
        if (kept > 0)
        {
            report.Say($"not acknowledged: {ConsoleReport.Pours(kept)}, kept in the spool {options.SpoolFile}; run again with --spool {options.SpoolFile} to send them");
        }

        if (spool.Rejected > 0)
        {
            report.Say($"refused by the hub: {ConsoleReport.Pours(spool.Rejected)}, kept in {spool.RejectedFile} with the reason of each");
        }

        if (homeless.Count > 0)
        {
            report.Say($"not stored by the hub: {ConsoleReport.Pours(homeless.Count)}, {(spool.OnDisk ? "which the spool could not take" : "and no --spool FILE to keep them")}:");
            foreach (var (pour, why) in homeless)
            {
                report.Say($"  tap {pour.TapId}: pour {ConsoleReport.Printable(pour.PourId)} of {pour.Volume} ml, {(why is null ? "not acknowledged" : $"refused ({why})")}");
            }
        }

        if (missed)
        {
            report.Say($"not every feed told of beer {_pours.NewestBeer} within {Duration.Text(HeardPatience)}");
        }

        var summary = Summary.Of(_pours, waiting, feeds.ConvertAll(feed => feed.Tally));
        report.Summary(summary);
        // A script must see what a person would read above: a pour that the hub does not have is not a run that went well.
        var allAreStored = summary.Refused == 0 && waiting == 0;
        return summary.FeedKeptItsPromise && allAreStored && !missed && !spool.Writing.IsFaulted ? 0 : 1;
    }

    // A beer's id is the number of its position, so a feed that came to the newest one passed all of them.
    private async Task<bool> HeardAsync(List<LiveFeed> feeds, TimeSpan patience, bool newsRenewsIt, CancellationToken cancellation)
    {
        var progress = time.GetTimestamp();
        var heard = -1L;
        while (_pours.NewestBeer > 0 && !feeds.TrueForAll(feed => feed.Tally.Last?.Seq >= _pours.NewestBeer))
        {
            var heardNow = feeds.Sum(feed => feed.Tally.Heard);
            if (newsRenewsIt && heardNow > heard)
            {
                (heard, progress) = (heardNow, time.GetTimestamp());
            }

            if (cancellation.IsCancellationRequested || time.GetElapsedTime(progress) >= patience)
            {
                return false;
            }

            await Task.Delay(LookInterval, time, CancellationToken.None);
        }

        return true;
    }

    // A fault in one tap or feed is a fault in this program: it ends the run rather than going on without that one.
    private static async Task WatchedAsync(Task running, CancellationTokenSource closing)
    {
        try
        {
            await running;
        }
        catch
        {
            await closing.CancelAsync();
            throw;
        }
    }

    private static async Task FirstOfAsync(CancellationToken cancellation, params Task[] tasks)
    {
        var cancelled = new TaskCompletionSource();
        await using var registration = cancellation.UnsafeRegister(static source => ((TaskCompletionSource)source!).TrySetResult(), cancelled);
        await Task.WhenAny([cancelled.Task, .. tasks]);
    }
}
