namespace BeerTap.Client;

/// <summary>
/// Where the hub is: where the user said, or where a hub that went away sent its listeners. All feeds and senders of this process go by it, so that who
/// is told takes the others along.
/// </summary>
/// <param name="trusted">Hosts that the key may go to as well as to the one the user named.</param>
internal sealed class HubPlace(Uri home, string? apiKey, IReadOnlyList<string> trusted, TimeProvider time)
{
    /// <summary>A place where nobody was reached for so long is left for the one before.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock _change = new();
    private readonly Uri _home = home;
    private Uri _now = home;
    private Uri? _before;
    private long? _missedSince;

    public Uri Now
    {
        get
        {
            lock (_change)
            {
                return _now;
            }
        }
    }

    /// <summary>Goes where the hub said, if that is safe; whether this process is there now.</summary>
    public bool Follow(string to)
    {
        if (!to.Contains("://", StringComparison.Ordinal) || ServerAddress.Parse(to) is not { } place || !MayGo(place))
        {
            return false;
        }

        lock (_change)
        {
            if (_now != place)
            {
                (_before, _now, _missedSince) = (_now, place, null);
            }
        }

        return true;
    }

    public void Reached(Uri at)
    {
        lock (_change)
        {
            if (at == _now)
            {
                _missedSince = null;
            }
        }
    }

    /// <summary>Nobody answered there. When that lasts, the place before is tried again, and so on in turn.</summary>
    public void Missed(Uri at)
    {
        lock (_change)
        {
            if (at != _now || _before is null)
            {
                return;
            }

            _missedSince ??= time.GetTimestamp();
            if (time.GetElapsedTime(_missedSince.Value) >= Patience)
            {
                (_before, _now, _missedSince) = (_now, _before, null);
            }
        }
    }

    /// <summary>
    /// Whoever has no key has nothing to lose. A key goes to the host that the user named (any port of it) or trusts by name, and never from TLS to a
    /// connection without.
    /// </summary>
    private bool MayGo(Uri place) =>
        apiKey is null
        || ((_home.Scheme == Uri.UriSchemeHttp || place.Scheme == Uri.UriSchemeHttps)
            && (Same(place.IdnHost, _home.IdnHost) || trusted.Any(host => Same(place.IdnHost, host))));

    private static bool Same(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);
}
