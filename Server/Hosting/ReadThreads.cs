using System.Collections.Concurrent;

namespace BeerTap.Server.Hosting;

/// <summary>The threads that read the store for lists, totals over time and listeners that catch up. They are a few, however many ask.</summary>
/// <remarks>
/// Such a read takes milliseconds. A thread of the pool, of which a small machine has one or two, would make every post that arrives meanwhile wait for its
/// end; a thread of its own is preempted by the system for a post's. Shutdown: no more is taken, what waits is read, then the threads end.
/// </remarks>
internal sealed class ReadThreads : IDisposable
{
    /// <summary>Two at least, so that one caller cannot have them all.</summary>
    public static readonly int Count = Math.Max(2, Environment.ProcessorCount / 2);

    /// <summary>How many one caller has at most at the same time.</summary>
    public static readonly int MostForOne = Count - 1;

    private readonly BlockingCollection<Action> _waiting = [];
    private readonly Thread[] _threads;

    public ReadThreads()
    {
        _threads = [.. Enumerable.Range(0, Count).Select(_ => new Thread(Run) { Name = "reader", IsBackground = true })];
        Array.ForEach(_threads, thread => thread.Start());
    }

    /// <summary>Reads on one of the threads, in the order of the calls. What follows the await runs on the pool.</summary>
    public Task<T> RunAsync<T>(Func<T> read)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            _waiting.Add(() => Read(read, done));
        }
        catch (InvalidOperationException)
        {
            done.SetException(new ObjectDisposedException(nameof(ReadThreads)));
        }

        return done.Task;
    }

    public void Dispose()
    {
        _waiting.CompleteAdding();
        Array.ForEach(_threads, thread => thread.Join());
        _waiting.Dispose();
    }

    private static void Read<T>(Func<T> read, TaskCompletionSource<T> done)
    {
        try
        {
            done.SetResult(read());
        }
        catch (Exception ex)
        {
            done.SetException(ex);
        }
    }

    private void Run()
    {
        foreach (var read in _waiting.GetConsumingEnumerable())
        {
            read();
        }
    }
}
