using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace BeerTap.Server.Hosting;

/// <summary>The threads that read the store for lists, totals over time and listeners that catch up. They are a few, however many ask.</summary>
/// <remarks>
/// Such a read takes milliseconds. A thread of the pool, of which a small machine has one or two, would make every post that arrives meanwhile wait for its
/// end; a thread of its own is preempted by the system for a post's. Shutdown: no more is taken, what waits is read, then the threads end.
/// </remarks>
internal sealed class ReadThreads : IDisposable
{
    /// <summary>Half of the processors: the other half is left for posts and for listeners that are up to date.</summary>
    public static readonly int Count = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>How many one caller has at most at the same time: one fewer than there are. Of a single thread, callers have one read each in turn.</summary>
    public static readonly int MostForOne = Math.Max(1, Count - 1);

    // PRIO_PROCESS, which on Linux is the calling thread for 0; ten steps are a tenth of the time where both are always ready.
    private const int OfThread = 0, Niceness = 10;

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
        StandBack();
        foreach (var read in _waiting.GetConsumingEnumerable())
        {
            read();
        }
    }

    /// <summary>
    /// Lets the system prefer the threads that take posts; where it does not, reading is as fair as any other work. The framework's thread priorities
    /// have no effect on Linux.
    /// </summary>
    private static void StandBack()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = SetPriority(OfThread, 0, Niceness);
        }
        else
        {
            Thread.CurrentThread.Priority = ThreadPriority.BelowNormal;
        }
    }

    [DllImport("libc", EntryPoint = "setpriority"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetPriority(int which, uint who, int niceness);
}
