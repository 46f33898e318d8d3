using System.Globalization;

namespace BeerTap.Client;

/// <summary>
/// Tells once that the hub went away and once that it is back, however many taps try however often. Shared by all taps.
/// </summary>
internal sealed class HubReach(Uri server, Spool spool, IReport report, TimeProvider time)
{
    private static readonly TimeSpan BetweenBusyLines = TimeSpan.FromSeconds(10);

    private readonly Lock _change = new();
    private Outcome _trouble = Outcome.Acknowledged;
    private long _troubleSince;
    private long _busySaid;

    /// <summary>Whether the last word on the hub was that it is away or lets no one in.</summary>
    public bool Lost
    {
        get
        {
            lock (_change)
            {
                return _trouble != Outcome.Acknowledged;
            }
        }
    }

    public void Failed(PourAnswer answer, TimeSpan wait)
    {
        lock (_change)
        {
            if (answer.Outcome == Outcome.Busy)
            {
                if (_busySaid != 0 && time.GetElapsedTime(_busySaid) < BetweenBusyLines)
                {
                    return;
                }

                _busySaid = time.GetTimestamp();
            }
            else if (_trouble == answer.Outcome)
            {
                return;
            }
            else
            {
                _trouble = answer.Outcome;
                _troubleSince = time.GetTimestamp();
            }
        }

        report.Say(answer.Outcome switch
        {
            Outcome.Busy => string.Create(CultureInfo.InvariantCulture, $"the hub is busy ({answer.Words}): next try in {wait.TotalSeconds:0.0} s"),
            Outcome.NotAllowed => $"the hub does not let these taps pour ({answer.Words}): check --api-key or --api-key-file; pours wait",
            _ => $"the hub at {server} is away ({answer.Words}): pours wait until it is back",
        });
    }

    /// <summary>An answer to something sent at <paramref name="sentAt"/>; one sent before the trouble says nothing about now.</summary>
    public void Answered(long sentAt)
    {
        TimeSpan away;
        lock (_change)
        {
            if (_trouble == Outcome.Acknowledged || sentAt < _troubleSince)
            {
                return;
            }

            _trouble = Outcome.Acknowledged;
            away = time.GetElapsedTime(_troubleSince);
        }

        report.Say(string.Create(CultureInfo.InvariantCulture, $"the hub is back after {away.TotalSeconds:0.0} s: {ConsoleReport.PoursWait(spool.Waiting)}"));
    }
}
