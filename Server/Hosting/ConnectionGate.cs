using System.Net;

namespace BeerTap.Server.Hosting;

/// <summary>Counts open connections, in all and by address, whether or not they have sent anything. One too many is closed when it is accepted.</summary>
internal sealed class ConnectionGate(LimitOptions options, TimeProvider time, ILogger<ConnectionGate> log)
{
    /// <summary>A full hub may close thousands of connections a second; the log has one line for all of them in this time.</summary>
    private static readonly TimeSpan SayEvery = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<UInt128, int> _byAddress = [];
    private int _open;
    private long _closed;
    private long? _saidAt;
    private bool _full;

    /// <summary>How many connections may be open at the same time.</summary>
    public int Most { get; } = Descriptors.ConnectionsOf(options, Descriptors.Limit);

    /// <summary>How many connections are open, and from how many addresses.</summary>
    public (int Connections, int Addresses) Count
    {
        get { lock (_gate) return (_open, _byAddress.Count); }
    }

    /// <summary>What health says of it: a full hub goes on serving the connections that it has.</summary>
    public HealthCheck Look()
    {
        var (connections, addresses) = Count;
        var most = Most == int.MaxValue ? "no limit" : $"at most {Most}";
        return connections >= Most
            ? HealthCheck.Degraded($"{connections} connections from {addresses} addresses are open, {most}: a new connection is closed at once")
            : HealthCheck.Ok($"{connections} connections are open, {most}");
    }

    /// <summary>False when there is no room for one more connection.</summary>
    public bool TryEnter(EndPoint? from)
    {
        var address = AddressOf(from);
        lock (_gate)
        {
            var here = _byAddress.GetValueOrDefault(address);
            if (_open < Most && (options.OpenConnectionsPerAddress == 0 || here < options.OpenConnectionsPerAddress))
            {
                _open++;
                _byAddress[address] = here + 1;
                return true;
            }

            Refused(from, here);
            return false;
        }
    }

    public void Leave(EndPoint? from)
    {
        var address = AddressOf(from);
        lock (_gate)
        {
            _open--;
            var left = _byAddress[address] - 1;
            if (left == 0) _byAddress.Remove(address);
            else _byAddress[address] = left;
            if (!_full || _open > Most - Math.Max(1, Most / 10)) return;
            _full = false;
            Log.RoomAgain(log, _open, Most);
        }
    }

    private void Refused(EndPoint? from, int here)
    {
        _closed++;
        var isFull = _open >= Most;
        _full |= isFull;
        if (_saidAt is { } said && time.GetElapsedTime(said) < SayEvery) return;
        _saidAt = time.GetTimestamp();
        if (isFull) Log.Full(log, _open, _byAddress.Count, Most, _closed);
        else Log.AddressFull(log, (from as IPEndPoint)?.Address.ToString() ?? "a Unix socket", here, _closed);
        _closed = 0;
    }

    private static UInt128 AddressOf(EndPoint? from) => CallerAddress.Of((from as IPEndPoint)?.Address ?? IPAddress.IPv6None);
}
