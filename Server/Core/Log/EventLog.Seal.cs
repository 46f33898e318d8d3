namespace BeerTap.Server.Core.Log;

internal sealed partial class EventLog
{
    private const string SealingName = "seal.new";

    private Task _sealing = Task.CompletedTask;

    /// <summary>
    /// Raised when a segment could not be sealed. It stays as it is, complete and readable; the next segment's beginning tries again.
    /// </summary>
    public event Action<Exception>? SealFailed;

    /// <summary>Gets a value indicating whether bytes of redacted entries are still in a file.</summary>
    public bool HasUnerased => !_redactions.IsEmpty;

    /// <summary>
    /// Begins a new segment though the current one is not full, so that the full ones are sealed and what was redacted is erased. On the
    /// appending thread.
    /// </summary>
    /// <exception cref="LogException">The segment cannot be created; the next append tries again.</exception>
    public void EraseSoon()
    {
        if (_active.Count == 0)
        {
            SealInBackground();
            return;
        }

        try
        {
            _mustBegin = true;
            BeginSegment(0);
            _mustBegin = false;
        }
        catch (IOException ex)
        {
            throw NotWritten(ex);
        }
    }

    /// <summary>Waits until what was begun in the background is done.</summary>
    internal Task WhenSealedAsync() => _sealing;

    /// <summary>Seals the full segments, one after the other, while appends go on.</summary>
    private void SealInBackground() => _sealing = _sealing.ContinueWith(
        static (_, log) => ((EventLog)log!).SealFull(), this, CancellationToken.None, TaskContinuationOptions.DenyChildAttach, _background);

    private void SealFull()
    {
        try
        {
            // Erasing comes first: once sealed, a segment no longer says what it redacted. One that begins meanwhile is for the next time.
            var segments = _segments;
            foreach (var segment in segments.OfType<SealedSegment>())
            {
                Erase(segment);
            }

            foreach (var segment in segments[..^1].OfType<OpenSegment>())
            {
                var numbers = _redactions.Between(segment.First, segment.Last);
                Replace(segment, Write(segment.First, file => Seal.Write(segment, segment.Index.Content(), _redactions, file)));
                _disk.Delete(segment.Name);

                // The bytes are gone for good only with the name.
                if (numbers.Count > 0)
                {
                    _disk.FlushNames();
                    _redactions.Erased(numbers);
                }
            }
        }
        catch (Exception ex) when (ex is IOException or LogException)
        {
            SealFailed?.Invoke(ex);
        }
    }

    private void Erase(SealedSegment segment)
    {
        var numbers = _redactions.Between(segment.First, segment.Last);
        if (numbers.Count == 0)
        {
            return;
        }

        // After a restart it may be known again what was erased before.
        var entries = new List<LogEntry>();
        segment.Read([.. numbers.Order().Select(number => (int)(number - segment.First))], int.MaxValue, entries);
        if (!entries.TrueForAll(entry => entry.IsRedacted))
        {
            Replace(segment, Write(segment.First, file => segment.Rewrite(_redactions, file)));
        }

        _redactions.Erased(numbers);
    }

    /// <summary>Writes a sealed segment and gives it its name, over an older one of that name.</summary>
    private SealedSegment Write(long first, Action<ILogFile> write)
    {
        var file = _disk.Create(SealingName, 0);
        try
        {
            write(file);
            _disk.Rename(SealingName, Seal.NameOf(first));
            _disk.FlushNames();
            return SealedSegment.Open(file, Seal.NameOf(first), _cache);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private void Replace(Segment segment, SealedSegment by)
    {
        lock (_swap)
        {
            _segments = [.. _segments.Select(one => one == segment ? by : one)];
        }

        segment.Dispose();
    }
}
