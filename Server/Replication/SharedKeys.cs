using BeerTap.Server.Security;

namespace BeerTap.Server.Replication;

/// <summary>
/// Keeps the keys of this hub and those of the others the same, through the log. A key is added, a revocation stays; so it does not matter in which
/// order hubs hear, nor how often.
/// </summary>
/// <remarks>
/// A hub that has caught up asks. At a question every hub forgets what it has heard, and hands over after a moment of its own what of its keys has
/// not been said since: mostly one hub says all of them, and the others find nothing left to say. So a new hub comes to know keys that were made
/// before its backup, and the others those that were made on a hub before it joined, or by the command line beside it.
/// </remarks>
internal sealed class SharedKeys : ISharedKeys, IDisposable
{
    /// <summary>Keys in one entry, about 25 KB.</summary>
    private const int MostTogether = 100;

    /// <summary>Whoever is asked answers within this time, each hub at its own moment.</summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromMilliseconds(500);

    /// <summary>What was handed over and did not come out of the log by then is handed over again.</summary>
    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    private readonly ApiKeys _keys;
    private readonly LogStatus _status;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Action _refreshed;

    // Guarded by itself: of each key that came out of the log since the last question, whether it was said to be revoked.
    private readonly Dictionary<string, bool> _heard = new(StringComparer.Ordinal);
    private volatile bool _changed = true, _asked, _heardQuestion;

    // The telling task's own.
    private readonly HashSet<string> _keptHere = new(StringComparer.Ordinal);

    public SharedKeys(ApiKeys keys, LogStatus status, TimeProvider time, ILogger<SharedKeys> log)
    {
        (_keys, _status, _time, _log, _refreshed) = (keys, status, time, log, () => _changed = true);
        _keys.Refreshed += _refreshed;
    }

    public void Hear(KeyNews news)
    {
        if (news.Keys.Count > 0) _keys.MergeAsync(news.Keys, _log, CancellationToken.None).GetAwaiter().GetResult();
        lock (_heard)
        {
            if (news.Asks) _heard.Clear();
            foreach (var key in news.Keys) _heard[key.Id] = key.Revoked is not null || _heard.GetValueOrDefault(key.Id);
        }

        if (!news.Asks) return;

        // Whose it is makes no difference, once this hub hears what is said now.
        if (_status.CaughtUp) _heardQuestion = true;
        _asked = true;
    }

    public async Task TellAsync(Func<KeyNews, CancellationToken, Task> tell, CancellationToken cancel)
    {
        using var look = new PeriodicTimer(LookEvery, _time);
        var told = _time.GetTimestamp();
        try
        {
            while (!_status.CaughtUp) await look.WaitForNextTickAsync(cancel);
            do
            {
                if (_asked) await Task.Delay(AnswerWithin * Random.Shared.NextDouble(), _time, cancel);
                else if (!_changed && _time.GetElapsedTime(told) < AgainAfter) continue;
                (_asked, _changed, told) = (false, false, _time.GetTimestamp());
                if (await TryTellAsync(tell, cancel)) continue;
                _changed = true;
                await Task.Delay(RetryAfter, _time, cancel);
            }
            while (await look.WaitForNextTickAsync(cancel));
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The hub stops; what was not told is told after its next start.
        }
    }

    public void Dispose() => _keys.Refreshed -= _refreshed;

    /// <summary>Tells what the others have not heard; but first it asks, for that begins what counts as heard. Whether it could be handed over.</summary>
    private async Task<bool> TryTellAsync(Func<KeyNews, CancellationToken, Task> tell, CancellationToken cancel)
    {
        try
        {
            if (!_heardQuestion) await tell(new KeyNews([], Asks: true), cancel);
            else foreach (var keys in Unheard().Chunk(MostTogether)) await tell(new KeyNews(keys), cancel);
            return true;
        }
        catch (Exception fault) when (!cancel.IsCancellationRequested)
        {
            // Whatever it is: the others must come to know of a revocation.
            Log.KeysNotTold(_log, fault);
            return false;
        }
    }

    private List<ApiKey> Unheard()
    {
        var made = _keys.Made;
        foreach (var key in made.Where(key => !key.IsWhole && _keptHere.Add(key.Id))) Log.KeyKeptHere(_log, key.Id);
        lock (_heard) return [.. made.Where(key => key.IsWhole && (!_heard.TryGetValue(key.Id, out var revoked) || (key.Revoked is not null && !revoked)))];
    }
}
