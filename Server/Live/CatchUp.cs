using System.Diagnostics.CodeAnalysis;
using BeerTap.Server.Hosting;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Live;

/// <summary>
/// Reads pages of the log from the store for subscribers that are behind the ring, on the threads that lists are read on, and never on all of them:
/// thousands that come back after a restart must not take the processors from those that are up to date, nor from the posts, nor the lists from others.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A SemaphoreSlim whose wait handle is never asked for holds nothing; late readers must not throw.")]
internal sealed class CatchUp(EventLog events, BeerRepository repository, ReadThreads threads, LiveOptions options)
{
    /// <summary>Bytes of an event on the wire; a page of longer ones moves to a larger buffer.</summary>
    private const int TypicalFrame = 256;

    private readonly SemaphoreSlim _turns = new(ReadThreads.MostForOne);

    /// <summary>Reads a page and makes it ready to send.</summary>
    /// <param name="after">The position number that the subscriber stands at.</param>
    /// <param name="to">The last one that is not in the ring.</param>
    public async Task<(PageBuffer Frames, long Last)> ReadAsync(FrameFormat format, long after, long to)
    {
        await _turns.WaitAsync();
        try
        {
            return await threads.RunAsync(() => Read(format, after, to));
        }
        finally
        {
            _turns.Release();
        }
    }

    private (PageBuffer Frames, long Last) Read(FrameFormat format, long after, long to)
    {
        var page = repository.ReadLog(after, (int)Math.Min(options.PageEvents, to - after));
        if (page.Count == 0) throw new StoreException($"The store has no event after position number {after}, though the log goes to {to}.");
        var frames = new PageBuffer(page.Count * TypicalFrame);
        foreach (var entry in page)
        {
            events.Frames.Write(format, entry, frames);
        }

        return (frames, page[^1].Seq);
    }
}
