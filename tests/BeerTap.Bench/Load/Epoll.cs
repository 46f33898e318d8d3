using System.Runtime.InteropServices;

namespace BeerTap.Bench.Load;

/// <summary>Tells which sockets have something to read, by the number each was added under.</summary>
internal sealed unsafe class Epoll : IDisposable
{
    /// <summary>A quarter of a millisecond's work: what is to be looked at meanwhile waits no longer.</summary>
    private const int Most = 64;

    /// <summary>The kernel packs its entry on x64 and nowhere else.</summary>
    private static readonly bool Packed = RuntimeInformation.ProcessArchitecture == Architecture.X64;
    private static readonly int Stride = Packed ? 12 : 16, Data = Packed ? 4 : 8;

    private readonly int _epoll = Libc.EpollCreate(0);
    private readonly byte* _entries = (byte*)NativeMemory.AllocZeroed(Most, 16);

    public void Add(int socket, int number)
    {
        var entry = stackalloc byte[16];
        *(int*)entry = Libc.Readable;
        *(long*)(entry + Data) = number;
        if (Libc.EpollControl(_epoll, Libc.Add, socket, entry) != 0) throw new InvalidOperationException("A socket cannot be watched.");
    }

    /// <summary>How many sockets have something to read; waits for the first so long.</summary>
    public int Wait(int milliseconds) => Libc.EpollWait(_epoll, _entries, Most, milliseconds);

    public int Number(int index) => (int)*(long*)(_entries + index * Stride + Data);

    public bool IsBroken(int index) => (*(int*)(_entries + index * Stride) & Libc.Broken) != 0;

    public void Dispose()
    {
        _ = Libc.Close(_epoll);
        NativeMemory.Free(_entries);
    }
}
