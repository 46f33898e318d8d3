using BeerTap.Server.Security;

namespace BeerTap.Server.Replication;

/// <summary>
/// Keeps the keys of this hub and those of the others the same, through the log. A key is added, a revocation stays; so it does not matter in which
/// order hubs hear, nor how often.
/// </summary>
/// <remarks>
/// A hub that has caught up asks. At a question every hub forgets what it has heard, and hands over after a moment of its own what of its keys has
/// not been said since: mostly one hub says all of them, and the others find nothing left to say. So a new hub comes to know keys that were made
/// before its backup, and the others those that were made on a hub before it joined, or by the command line beside it. Until it has heard them it is
/// not ready, and refuses no key for good.
/// </remarks>
internal sealed class SharedKeys : ISharedKeys, IDisposable
{
    /// <summary>Keys in one entry, about 25 KB.</summary>
    private const int MostTogether = 100;

    /// <summary>Whoever is asked answers within this time, each hub at its own moment.</summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// What is in the log so long after a question has the answers before it: whoever is asked looks ten times a second and answers within half a second.
    /// Only a hub that is new, or was made from a backup, waits for it.
    /// </summary>
    private static readonly TimeSpan AnsweredAfter = TimeSpan.FromSeconds(1.5);

    /// <summary>What was handed over and did not come out of the log by then is handed over again.</summary>
    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    private readonly ApiKeys _keys;
    private readonly LogStatus _status;
    private readonly KeysHeard _note;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Action _refreshed;

    // Guarded by itself: of each key that came out of the log since the last question, whether it was said to be revoked.
    private readonly Dictionary<string, bool> _heard = new(StringComparer.Ordinal);
    private volatile bool _changed = true, _asked, _heardQuestion;
    private long _questionAt;

    // The telling task's own.
    private readonly HashSet<string> _keptHere = new(StringComparer.Ordinal);
    private long? _provedAt;

    public SharedKeys(ApiKeys keys, LogStatus status, KeysHeard note, TimeProvider time, ILogger<SharedKeys> log)
    {
        (_keys, _status, _note, _time, _log, _refreshed) = (keys, status, note, time, log, () => _changed = true);
        _status.AwaitsKeys = !note.TryRead(keys.Made.Count);
        _keys.Refreshed += _refreshed;
    }

    public void BeFirst() => HasHeardAll();

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
        if (_status.CaughtUp && !_heardQuestion)
        {
            Volatile.Write(ref _questionAt, _time.GetTimestamp());
            _heardQuestion = true;
        }

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
                if (_status.AwaitsKeys && _heardQuestion) await LookForAnswersAsync(tell, cancel);
                if (_asked) await Task.Delay(AnswerWithin * Random.Shared.NextDouble(), _time, cancel);
                else if (!_changed && _time.GetElapsedTime(told) < AgainAfter) continue;
                (_asked, _changed, told) = (false, false, _time.GetTimestamp());
                if (!_status.AwaitsKeys) Note();
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
        if (!_heardQuestion) return await TryTellAsync(tell, new KeyNews([], Asks: true), cancel);
        foreach (var keys in Unheard().Chunk(MostTogether))
        {
            if (!await TryTellAsync(tell, new KeyNews(keys), cancel)) return false;
        }

        return true;
    }

    private async Task<bool> TryTellAsync(Func<KeyNews, CancellationToken, Task> tell, KeyNews news, CancellationToken cancel)
    {
        try
        {
            await tell(news, cancel);
            return true;
        }
        catch (Exception fault) when (!cancel.IsCancellationRequested)
        {
            // Whatever it is: the others must come to know of a revocation.
            Log.KeysNotTold(_log, fault);
            return false;
        }
    }

    /// <summary>
    /// An entry of this hub's own that was made after the time for answers, and came out of the log, shows that it has heard them. The clock alone would
    /// not: it may have been cut off meanwhile. So it hands over an empty word.
    /// </summary>
    private async Task LookForAnswersAsync(Func<KeyNews, CancellationToken, Task> tell, CancellationToken cancel)
    {
        var asked = Volatile.Read(ref _questionAt);
        if (_status.AppliedAsOf is > 0 and var applied && _time.GetElapsedTime(asked, applied) > AnsweredAfter)
        {
            HasHeardAll();
        }
        else if (_time.GetElapsedTime(asked) > AnsweredAfter && !(_provedAt is { } proved && _time.GetElapsedTime(proved) < AgainAfter))
        {
            _provedAt = _time.GetTimestamp();
            await TryTellAsync(tell, new KeyNews([]), cancel);
        }
    }

    /// <summary>The note first: who is ready starts again without waiting.</summary>
    private void HasHeardAll()
    {
        Note();
        _status.AwaitsKeys = false;
    }

    private void Note()
    {
        var keys = _keys.Made.Count;
        if (_note.Keys >= keys) return;
        try
        {
            _note.Keep(keys);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // The next start waits once more.
            Log.KeysHeardNotKept(_log, fault.Message);
        }
    }

    private List<ApiKey> Unheard()
    {
        var made = _keys.Made;
        foreach (var key in made.Where(key => !key.IsWhole && _keptHere.Add(key.Id))) Log.KeyKeptHere(_log, key.Id);
        lock (_heard) return [.. made.Where(key => key.IsWhole && (!_heard.TryGetValue(key.Id, out var revoked) || (key.Revoked is not null && !revoked)))];
    }
}
