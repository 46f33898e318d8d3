using System.Runtime.InteropServices;

namespace BeerTap.Bench.Load;

/// <summary>
/// The system calls of the load, with arguments that need no marshalling. A <c>recv</c> here never blocks and is over in microseconds, so it may skip
/// the runtime's hand-over to native code; <c>send</c> and <c>epoll_wait</c> may block and do not.
/// </summary>
internal static unsafe class Libc
{
    public const int InternetFamily = 2, StreamKind = 1, TcpLevel = 6, NoDelay = 1;
    public const int DontWait = 0x40, NoSignal = 0x4000;
    public const int Add = 1, Readable = 1, Broken = 8 | 16;
    public const int ThreadClock = 3, OpenFilesLimit = 7;

    [DllImport("libc", EntryPoint = "socket")]
    public static extern int Socket(int family, int kind, int protocol);

    [DllImport("libc", EntryPoint = "connect")]
    public static extern int Connect(int socket, byte* address, int length);

    [DllImport("libc", EntryPoint = "setsockopt")]
    public static extern int SetOption(int socket, int level, int option, int* value, int length);

    [DllImport("libc", EntryPoint = "close")]
    public static extern int Close(int descriptor);

    [DllImport("libc", EntryPoint = "send")]
    public static extern nint Send(int socket, byte* bytes, nint length, int flags);

    [DllImport("libc", EntryPoint = "recv")]
    [SuppressGCTransition]
    public static extern nint Receive(int socket, byte* bytes, nint length, int flags);

    [DllImport("libc", EntryPoint = "epoll_create1")]
    public static extern int EpollCreate(int flags);

    [DllImport("libc", EntryPoint = "epoll_ctl")]
    public static extern int EpollControl(int epoll, int what, int descriptor, byte* entry);

    [DllImport("libc", EntryPoint = "epoll_wait")]
    public static extern int EpollWait(int epoll, byte* entries, int most, int milliseconds);

    [DllImport("libc", EntryPoint = "clock_gettime")]
    public static extern int ReadClock(int clock, long* secondsAndNanoseconds);

    [DllImport("libc", EntryPoint = "sched_setaffinity")]
    public static extern int SetCores(int process, nint size, ulong* mask);

    [DllImport("libc", EntryPoint = "getrlimit")]
    public static extern int ReadLimit(int limit, ulong* softAndHard);

    /// <summary>The processor time of the calling thread, in seconds.</summary>
    public static double ThreadSeconds()
    {
        var time = stackalloc long[2];
        _ = ReadClock(ThreadClock, time);
        return time[0] + time[1] * 1e-9;
    }
}
