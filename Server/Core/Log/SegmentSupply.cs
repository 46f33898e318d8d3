namespace BeerTap.Server.Core.Log;

/// <summary>
/// Prepares the file of the next segment while the current one fills, so that no append waits for megabytes of zeros to reach the disk.
/// </summary>
internal sealed class SegmentSupply(ILogDisk disk, TaskScheduler background)
{
    /// <summary>The name of a prepared file. It is not part of the log until it is renamed.</summary>
    public const string PreparedName = "next.new";

    private Task<ILogFile>? _prepared;

    /// <summary>Begins to prepare a file; nothing when one is prepared already.</summary>
    public void Prepare(long length) => _prepared ??=
        Task.Factory.StartNew(
            () => disk.Create(PreparedName, length), CancellationToken.None, TaskCreationOptions.DenyChildAttach, background);

    /// <summary>Gets a flushed file of zeros of the prepared name, at least this long.</summary>
    /// <exception cref="IOException">It cannot be created; the next call tries again.</exception>
    public ILogFile Take(long length)
    {
        if (_prepared is { } prepared)
        {
            _prepared = null;
            try
            {
                var file = prepared.GetAwaiter().GetResult();
                if (file.Length >= length)
                {
                    return file;
                }

                file.Dispose();
            }
            catch (IOException)
            {
                // What was wrong then may be over; if not, the attempt below says so.
            }
        }

        return disk.Create(PreparedName, length);
    }

    public void Drop()
    {
        if (_prepared is { } prepared)
        {
            _prepared = null;
            prepared.ContinueWith(
                static made =>
                {
                    if (made.IsCompletedSuccessfully)
                    {
                        made.Result.Dispose();
                    }
                },
                TaskScheduler.Default).GetAwaiter().GetResult();
        }
    }
}
