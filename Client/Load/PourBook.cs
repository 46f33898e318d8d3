using System.Collections.Concurrent;

namespace BeerTap.Client.Load;

/// <summary>What was due, begun and answered.</summary>
internal sealed class PourBook(LoadOptions options, PourNumbers numbers, TimeProvider time)
{
    /// <summary>A pour that begins later than this after its turn is late: no timer is off by so much on a machine that keeps up.</summary>
    public static readonly TimeSpan LatestBeginning = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentDictionary<int, int> _answers = [];

    // Begun when the warm-up was over: only their latencies count.
    private readonly PourSet _measured = new(numbers.Pours);
    private long _started;
    private long _lastAnswer;
    private int _begun;
    private int _answered;
    private int _waited;
    private int _begunLate;
    private int _inFlight;

    public PourNumbers Numbers => numbers;

    public PourSet Acknowledged { get; } = new(numbers.Pours);

    /// <summary>Answered with a refusal: nobody should ever hear of them.</summary>
    public PourSet Refused { get; } = new(numbers.Pours);

    /// <summary>From when a pour was due until it was acknowledged, the warm-up left out.</summary>
    public Latencies Answers { get; } = new();

    /// <summary>From when a pour was due until its post began, the warm-up left out.</summary>
    public Latencies Late { get; } = new();

    /// <summary>How many answers there were of each HTTP status; 0: none.</summary>
    public IReadOnlyDictionary<int, int> ByStatus => _answers;

    public int Begun => Volatile.Read(ref _begun);

    public int Answered => Volatile.Read(ref _answered);

    /// <summary>How many pours began over <see cref="LatestBeginning"/> late, the warm-up left out.</summary>
    public int BegunLate => Volatile.Read(ref _begunLate);

    /// <summary>How often a pour was due and all posts were under way.</summary>
    public int Waited => Volatile.Read(ref _waited);

    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>From the first pour's due time to the last answer.</summary>
    public TimeSpan Took => time.GetElapsedTime(_started, Interlocked.Read(ref _lastAnswer));

    public void Start() => _lastAnswer = _started = time.GetTimestamp();

    public TimeSpan DueAfter(int number) => TimeSpan.FromSeconds(number / options.Rate);

    /// <summary>How long ago the pour was due; negative: it is not yet.</summary>
    public TimeSpan SinceDue(int number) => time.GetElapsedTime(_started) - DueAfter(number);

    public bool IsMeasured(int number) => _measured.Contains(number);

    public void Wait() => Interlocked.Increment(ref _waited);

    public void Begin(int number)
    {
        Interlocked.Increment(ref _begun);
        Interlocked.Increment(ref _inFlight);
        if (time.GetElapsedTime(_started) < options.WarmUp)
        {
            return;
        }

        var late = SinceDue(number);
        _measured.Add(number);
        Late.Add(late);
        if (late > LatestBeginning)
        {
            Interlocked.Increment(ref _begunLate);
        }
    }

    public void Answer(int number, PourAnswer answer)
    {
        if (answer.Outcome is Outcome.Acknowledged or Outcome.Replayed)
        {
            Acknowledged.Add(number);
            if (IsMeasured(number))
            {
                Answers.Add(SinceDue(number));
            }
        }
        else if (answer.Status is >= 400 and < 500)
        {
            Refused.Add(number);
        }

        _answers.AddOrUpdate(answer.Status, 1, (_, count) => count + 1);
        Interlocked.Exchange(ref _lastAnswer, time.GetTimestamp());
        Interlocked.Increment(ref _answered);
        Interlocked.Decrement(ref _inFlight);
    }
}
