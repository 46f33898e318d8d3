using System.Globalization;
using System.Runtime.InteropServices;

namespace BeerTap.Server.Hosting;

/// <summary>How many files and sockets the process may have open (<c>RLIMIT_NOFILE</c>), and how many of them are for connections.</summary>
/// <remarks>The runtime aborts the process when it gets no descriptor for something of its own, so connections must never take the last one.</remarks>
internal static class Descriptors
{
    /// <summary>With fewer the hub does not start.</summary>
    public const int Least = 512;

    /// <summary>What the store, its readers, backups, key files, outgoing connections, threads and the runtime's libraries may need.</summary>
    public const int Reserve = 400;

    /// <summary>One in so many connections is kept for requests: listeners must not keep a tap from pouring.</summary>
    private const int ForRequests = 8;

    // getrlimit(2): RLIMIT_NOFILE.
    private const int OnLinux = 7, OnMac = 8;

    /// <summary>The limit of this process, which the runtime has raised as far as it may; null where the system has none.</summary>
    public static int? Limit { get; } = Read();

    /// <summary>Why a hub with this limit does not start.</summary>
    public static IEnumerable<string> FaultsOf(int? limit)
    {
        if (limit < Least)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"The process may open {limit} files and sockets; the hub needs at least {Least}. Raise the limit: ulimit -n, LimitNOFILE of systemd, --ulimit nofile of a container.");
        }
    }

    /// <summary>How many connections may be open at the same time.</summary>
    public static int ConnectionsOf(LimitOptions options, int? limit)
    {
        var room = limit is { } files ? Math.Max(1, files - Reserve) : int.MaxValue;
        return options.OpenConnections > 0 ? Math.Min(options.OpenConnections, room) : room;
    }

    /// <summary>How many of them may be listeners.</summary>
    public static int ListenersOf(LimitOptions options, int connections)
    {
        var room = connections - (connections / ForRequests);
        return options.Connections > 0 ? Math.Min(options.Connections, room) : room;
    }

    private static int? Read()
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS()) return null;
        if (GetLimit(OperatingSystem.IsLinux() ? OnLinux : OnMac, out var limit) != 0) return null;
        return (int)Math.Min(limit.Soft, int.MaxValue);
    }

    [DllImport("libc", EntryPoint = "getrlimit", CallingConvention = CallingConvention.Cdecl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetLimit(int resource, out ResourceLimit limit);

    [StructLayout(LayoutKind.Sequential)]
    private struct ResourceLimit
    {
        public ulong Soft;
        public ulong Hard;
    }
}
