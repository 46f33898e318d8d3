using System.Globalization;

namespace BeerTap.Server.Storage;

/// <summary>Says what a migration does, and while a part of it takes long how long it has taken: a hub that does not answer must not look as if it hung.</summary>
internal sealed class MigrationProgress : IDisposable
{
    /// <summary>How often a part that goes on is told again.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    private readonly Action<string> _say;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();

    // Guarded by the gate.
    private string? _part;
    private Func<string>? _size;
    private long _began;

    /// <param name="say">Told one line at a time, also from a timer's thread.</param>
    public MigrationProgress(Action<string> say, TimeProvider time)
    {
        (_say, _time) = (say, time);
        _timer = time.CreateTimer(_ => SayAgain(), null, Every, Every);
    }

    /// <summary>Begins the next part.</summary>
    /// <param name="size">How far it is, where that can be seen.</param>
    public void Begin(string part, Func<string>? size = null)
    {
        lock (_gate) (_part, _size, _began) = (part, size, _time.GetTimestamp());
        _say(part);
    }

    public void Dispose()
    {
        lock (_gate) _part = null;
        _timer.Dispose();
    }

    private void SayAgain()
    {
        lock (_gate)
        {
            if (_part is null) return;
            _say(string.Create(CultureInfo.InvariantCulture, $"{_part}: {_time.GetElapsedTime(_began).TotalSeconds:0} s so far{_size?.Invoke()}"));
        }
    }
}
