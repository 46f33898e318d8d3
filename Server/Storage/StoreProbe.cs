using System.Globalization;
using BeerTap.Server.Hosting;

namespace BeerTap.Server.Storage;

/// <summary>
/// Writes and flushes a small file beside the store, to know whether its disk takes writes while nobody pours. Never on the caller's thread, and
/// one at a time.
/// </summary>
internal sealed class StoreProbe(StorageOptions options, TimeProvider time) : IAsyncDisposable
{
    private const string FileName = "probe.tmp";
    private const int Bytes = 64 * 1024;

    private readonly Lock _gate = new();

    // The store was opened a moment ago, which writes.
    private string? _fault;
    private long _endedAt = time.GetTimestamp();
    private long _beganAt;
    private Task? _running;
    private bool _closed;
    private long? _probedAt;

    /// <summary>Whether a probe that began after a timestamp has ended.</summary>
    public bool EndedSince(long timestamp)
    {
        lock (_gate) return _probedAt > timestamp;
    }

    /// <summary>What the last probe found; one that is older than <paramref name="goodFor"/> is begun anew, for who asks next.</summary>
    public HealthCheck Look(TimeSpan goodFor, TimeSpan longest)
    {
        lock (_gate)
        {
            if (_running is not null && time.GetElapsedTime(_beganAt) is var under && under >= longest)
                return HealthCheck.Failed(string.Create(CultureInfo.InvariantCulture, $"a probe has been under way for {under.TotalSeconds:0} s"));

            if (_running is null && !_closed && time.GetElapsedTime(_endedAt) >= goodFor)
            {
                _beganAt = time.GetTimestamp();
                _running = Task.Run(Write);
            }

            return _fault is null ? HealthCheck.Ok("nobody pours; the disk takes writes") : HealthCheck.Failed($"the disk does not take writes: {_fault}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task? running;
        lock (_gate) (_closed, running) = (true, _running);
        if (running is not null) await running;
    }

    private void Write()
    {
        string? fault = null;
        var flushes = false;
        try
        {
            using var file = File.OpenHandle(
                Path.Combine(Path.GetFullPath(options.Path), FileName), FileMode.Create, FileAccess.Write, FileShare.None, FileOptions.DeleteOnClose);
            RandomAccess.Write(file, new byte[Bytes], 0);
            flushes = true;
            Disk.Flush(file);
        }
        catch (Exception caught) when (caught is IOException or UnauthorizedAccessException)
        {
            fault = StoreException.FaultOf(caught) == StoreFault.DiskFull ? "it is full" : flushes ? caught.Message : caught.GetType().Name;
        }

        lock (_gate) (_fault, _endedAt, _running, _probedAt) = (fault, time.GetTimestamp(), null, _beganAt);
    }
}
