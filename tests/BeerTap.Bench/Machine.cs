using System.Globalization;
using BeerTap.Bench.Load;

namespace BeerTap.Bench;

/// <summary>What the bench needs of the machine: Linux, taskset, two cores, and sockets enough.</summary>
internal static class Machine
{
    public const int ServerCore = 0, LoadCore = 1;

    /// <summary>For what is neither the server that is measured nor the load.</summary>
    public static readonly int[] BothCores = [ServerCore, LoadCore];

    /// <summary>The kernel counts processor time in hundredths of a second.</summary>
    public const double TicksPerSecond = 100;

    /// <summary>8,000 listeners, posters, and what a program has open besides.</summary>
    private const ulong SocketsNeeded = 8_500;

    public static unsafe ulong OpenFiles
    {
        get
        {
            var limits = stackalloc ulong[2];
            _ = Libc.ReadLimit(Libc.OpenFilesLimit, limits);
            return limits[0];
        }
    }

    public static bool HasSockets => OpenFiles >= SocketsNeeded;

    /// <summary>For how long a core has been busy since the machine started, with whatever; in seconds.</summary>
    public static double BusySeconds(int core)
    {
        // user nice system idle iowait irq softirq steal
        var fields = File.ReadLines("/proc/stat").First(line => line.StartsWith($"cpu{core} ", StringComparison.Ordinal)).Split(' ').Skip(1).Select(long.Parse).ToArray();
        return (fields[0] + fields[1] + fields[2] + fields[5] + fields[6] + fields[7]) / TicksPerSecond;
    }

    /// <summary>How many flushes the disks of the machine have ended since it started, and how long each took from the driver to the disk and back, together; in milliseconds.</summary>
    public static (double Count, double Milliseconds) DiskFlushes()
    {
        // Of each disk: two numbers, a name, eleven counts of reads and writes, four of discards, then flushes and their time. https://docs.kernel.org/admin-guide/iostats.html
        const int Count = 18, Time = 19;
        var flushes = (Count: 0.0, Milliseconds: 0.0);
        foreach (var line in File.ReadLines("/proc/diskstats"))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > Time) flushes = (flushes.Count + long.Parse(fields[Count], CultureInfo.InvariantCulture), flushes.Milliseconds + long.Parse(fields[Time], CultureInfo.InvariantCulture));
        }

        return flushes;
    }

    /// <summary>Waits, not for ever, until other work leaves both cores alone.</summary>
    public static async Task QuietAsync(CancellationToken cancel)
    {
        const int Looks = 20;
        const double Quiet = 0.1;
        var look = TimeSpan.FromSeconds(0.5);
        for (var i = 0; i < Looks; i++)
        {
            var before = BusySeconds(ServerCore) + BusySeconds(LoadCore);
            await Task.Delay(look, TimeProvider.System, cancel);
            if (BusySeconds(ServerCore) + BusySeconds(LoadCore) - before < Quiet * look.TotalSeconds) return;
        }
    }

    /// <summary>What the figures were measured on.</summary>
    public static string Describe()
    {
        var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim();
        return $"{Environment.ProcessorCount} cores of {model ?? "an unnamed kind"}, {Environment.OSVersion.VersionString}, .NET {Environment.Version}";
    }

    /// <summary>Why nothing can be measured here, or null.</summary>
    public static string? Lack()
    {
        if (!OperatingSystem.IsLinux()) return "The bench pins processes to cores and waits with epoll: it runs on Linux only.";
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        if (!Array.Exists(folders, folder => File.Exists(Path.Combine(folder, "taskset")))) return "taskset is not there (Debian: apt-get install util-linux).";
        return Environment.ProcessorCount < 2 ? "Two cores are needed: one for the server, one for the load." : null;
    }

    /// <summary>Puts the calling thread, and those that it starts, on the core of the load.</summary>
    public static unsafe void TakeLoadCore()
    {
        var mask = 1ul << LoadCore;
        if (Libc.SetCores(0, sizeof(ulong), &mask) != 0) throw new InvalidOperationException($"Core {LoadCore} cannot be taken.");
    }
}
