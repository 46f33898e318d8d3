using System.Globalization;
using BeerTap.Server.Beers;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Taps;

/// <summary>The taps whose pours are refused because of their key: they lack one, or have one that is revoked, or that is of another role or tap.</summary>
/// <remarks>
/// A tap may hold its connection and look well while none of its pours is taken. So the hub warns, once a tap and several taps at once, and the tap is
/// marked in <c>/api/taps</c> until a pour of it is taken. Which tap pours stands in the body, which a refused caller chooses: only so many are read a
/// second, so many taps remembered, and a tap that the hub does not know is not listed for it.
/// </remarks>
internal sealed class RefusedPours(PourReader reader, IntakeOptions intake, StorageOptions storage, TimeProvider time, ILogger<RefusedPours> log) : IDisposable
{
    /// <summary>Taps that are remembered; more than one hub's bar has, in about 50 KB.</summary>
    public const int Most = 1_000;

    /// <summary>Bodies that are read in a second, and at the same time: a flood of refused pours costs what it did without this.</summary>
    private const int BodiesPerSecond = 50;

    /// <summary>A longer body is not read to find out whose it is.</summary>
    private const int LongestBody = 64 * 1024;

    private const int MostNamed = 5;

    /// <summary>Taps that are refused soon after another are named in one warning, and the next warning comes after a while.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromSeconds(1), Every = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<int, Refused> _refused = [];
    private readonly SortedSet<int> _unsaid = [];
    private ITimer? _timer;
    private long? _said;
    private long _second;
    private int _bodies, _reading;
    private volatile int _count;

    /// <summary>Since when a tap's pours are refused; null when they are not, as far as the hub knows.</summary>
    /// <param name="lastPour">When its last beer was poured, here or by another hub.</param>
    public DateTime? Since(int tapId, DateTime? lastPour)
    {
        if (_count == 0)
        {
            return null;
        }

        lock (_gate)
        {
            return _refused.TryGetValue(tapId, out var refused) && !(lastPour > refused.Last) ? refused.First : null;
        }
    }

    /// <summary>A pour of a tap was refused because of its key.</summary>
    public void Add(int tapId)
    {
        lock (_gate)
        {
            var now = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds()).UtcDateTime;
            if (_refused.TryGetValue(tapId, out var known))
            {
                known.Last = now;
            }
            else if (_refused.Count < Most)
            {
                _refused[tapId] = new Refused { First = now, Last = now };
                _count = _refused.Count;
                if (_unsaid.Add(tapId) && _timer is null)
                {
                    _timer = time.CreateTimer(_ => Say(), null, Due(), Timeout.InfiniteTimeSpan);
                }
            }
        }
    }

    /// <summary>A pour of a tap was taken.</summary>
    public void Remove(int tapId)
    {
        // Asked at every pour.
        if (_count == 0)
        {
            return;
        }

        lock (_gate)
        {
            _refused.Remove(tapId);
            _unsaid.Remove(tapId);
            _count = _refused.Count;
        }
    }

    /// <summary>Finds out which taps a request that was refused pours for. A caller that waits to be let send its body is not let.</summary>
    public async Task LookAsync(HttpContext http)
    {
        var request = http.Request;
        if (request.Headers.Expect.Count > 0 || request.Headers.ContentEncoding.Count > 0 || request.ContentLength is 0 or > LongestBody || !TryBegin())
        {
            return;
        }

        try
        {
            var isBatch = http.GetEndpoint()?.Metadata.GetMetadata<IsBatch>() is not null;
            var (taps, _) = await BodyReader.ReadAsync(http, LongestBody, (Pours: this, IsBatch: isBatch), static (json, with) => with.Pours.TapsOf(json, with.IsBatch));
            foreach (var tapId in taps ?? [])
            {
                Add(tapId);
            }
        }
        catch (BadHttpRequestException)
        {
            // The caller is refused all the same.
        }
        finally
        {
            lock (_gate)
            {
                _reading--;
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _timer?.Dispose();
        }
    }

    private (int[]? Taps, Problem? Refusal) TapsOf(ReadOnlyMemory<byte> json, bool isBatch)
    {
        if (!isBatch)
        {
            return (reader.ReadOne(json.Span, null).Pour is { } pour ? [pour.TapId] : [], null);
        }

        var (pours, _) = reader.ReadMany(json.Span, intake.MaxBatch);
        return ([.. (pours ?? []).Select(one => one.Pour?.TapId).OfType<int>().Distinct()], null);
    }

    private bool TryBegin()
    {
        lock (_gate)
        {
            var second = time.GetTimestamp() / time.TimestampFrequency;
            if (second != _second)
            {
                (_second, _bodies) = (second, 0);
            }

            if (_bodies >= BodiesPerSecond || _reading >= BodiesPerSecond)
            {
                return false;
            }

            _bodies++;
            _reading++;
            return true;
        }
    }

    private TimeSpan Due() => _said is { } said && Every - time.GetElapsedTime(said) is var rest && rest > Gather ? rest : Gather;

    private void Say()
    {
        int[] taps;
        lock (_gate)
        {
            taps = [.. _unsaid];
            _unsaid.Clear();
            _timer?.Dispose();
            _timer = null;
            _said = time.GetTimestamp();
        }

        if (taps.Length == 0)
        {
            return;
        }

        var more = taps.Length > MostNamed ? string.Create(CultureInfo.InvariantCulture, $" and {taps.Length - MostNamed} more") : "";
        Log.PoursRefused(log, string.Join(", ", taps.Take(MostNamed)) + more, KeysCommand.ToMakeOneForTap(storage.Path));
    }

    private sealed class Refused
    {
        public DateTime First { get; init; }

        public DateTime Last { get; set; }
    }
}

/// <summary>Marks the endpoint whose body holds several pours.</summary>
internal sealed class IsBatch
{
    public static readonly IsBatch Mark = new();
}
