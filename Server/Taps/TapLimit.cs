using BeerTap.Server.Beers;
using BeerTap.Server.Hosting;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Taps;

/// <summary>Admits new taps up to <see cref="LimitOptions.Taps"/>, where pours and listeners come in. Taps that have poured always pass.</summary>
/// <remarks>
/// Enforced at the intake and not where the log is applied: hubs that share a log may be configured differently, and must apply the same entries to the
/// same end.
/// </remarks>
internal sealed class TapLimit(LimitOptions options, BeerRepository repository, TimeProvider time, ILogger<TapLimit> log)
{
    private static readonly TimeSpan WarnEvery = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();

    // New taps whose pours are on their way to the store, with how many of them.
    private readonly Dictionary<int, int> _coming = [];
    private long? _warned;

    /// <summary>Admits a pour of a tap. A pour of a new tap (<paramref name="isNew"/>) must <see cref="Leave"/> once its outcome is known.</summary>
    public bool TryEnter(int tapId, out bool isNew)
    {
        isNew = false;
        if (options.Taps == 0 || repository.Totals.Knows(tapId))
        {
            return true;
        }

        lock (_gate)
        {
            if (_coming.TryGetValue(tapId, out var pours))
            {
                _coming[tapId] = pours + 1;
                isNew = true;
                return true;
            }

            // Counted before the store is asked again: a tap whose pour is stored meanwhile is counted twice rather than not at all.
            var coming = _coming.Count;
            if (repository.Totals.Taps + coming >= options.Taps)
            {
                coming = _coming.Keys.Count(tap => !repository.Totals.Knows(tap));
            }

            if (repository.Totals.Taps + coming >= options.Taps)
            {
                Warn(tapId);
                return false;
            }

            _coming[tapId] = 1;
            isNew = true;
            return true;
        }
    }

    /// <summary>The outcome of a pour that was admitted as new is known.</summary>
    public void Leave(int tapId)
    {
        lock (_gate)
        {
            if (_coming[tapId] == 1)
            {
                _coming.Remove(tapId);
            }
            else
            {
                _coming[tapId]--;
            }
        }
    }

    /// <summary>Gets why a listener may not be connected as a tap, or null when it may.</summary>
    public Problem? RefusalToConnect(int tapId)
    {
        if (options.Taps == 0 || repository.Totals.Knows(tapId) || repository.Totals.Taps < options.Taps)
        {
            return null;
        }

        lock (_gate)
        {
            Warn(tapId);
        }

        return Refusals.TooManyTaps(options.Taps);
    }

    private void Warn(int tapId)
    {
        if (_warned is { } at && time.GetElapsedTime(at) < WarnEvery)
        {
            return;
        }

        _warned = time.GetTimestamp();
        Log.TooManyTaps(log, tapId, options.Taps);
    }
}
