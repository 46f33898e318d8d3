using System.Reactive.Concurrency;
using System.Reactive.Linq;
using BeerTap.Server.Live;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Reports;

/// <summary>
/// Publishes a share report after every so many beers, and on the interval while something changed. Subscribed behind the event log, so a
/// report made for a batch takes its place right behind that batch.
/// </summary>
internal sealed class ShareReporter : IDisposable
{
    private readonly BeerRepository _repository;
    private readonly EventLog _events;
    private readonly IDisposable _subscription;
    private readonly int _taps;

    // Guarded by the gate of the merged stream below.
    private long _reportedHead;
    private long _reportedPoured;
    private bool _due;

    public ShareReporter(BeerRepository repository, EventLog events, ReportOptions options, IScheduler scheduler)
    {
        (_repository, _events, _taps) = (repository, events, options.Taps);
        (_reportedHead, _, _reportedPoured) = repository.Totals.Counts();

        var commits = repository.Select(_ => false);
        var ticks = Observable.Interval(options.Interval, scheduler).Select(_ => true);
        _subscription = commits.Merge(ticks).Subscribe(onTick => Consider(onTick, options.EveryBeers));
    }

    /// <summary>The report as it stands now, and the position number it is of.</summary>
    public (ShareReport Report, long Seq) Current()
    {
        var totals = _repository.Totals.Top(_taps);
        return (Shares.Of(totals), totals.Head);
    }

    public void Dispose() => _subscription.Dispose();

    /// <param name="onTick">The interval is over; else a batch was committed.</param>
    private void Consider(bool onTick, int everyBeers)
    {
        var (head, _, poured) = _repository.Totals.Counts();
        var crossed = poured / everyBeers > _reportedPoured / everyBeers;
        if ((!crossed && !_due && !onTick) || head == _reportedHead) return;

        // While a batch is between its commit and its announcement the log is not yet there: the report follows with that batch.
        var totals = _repository.Totals.Top(_taps);
        _due = !_events.TryPublish(() => Shares.Of(totals), totals.Head);
        if (!_due) (_reportedHead, _reportedPoured) = (totals.Head, totals.Poured);
    }
}
