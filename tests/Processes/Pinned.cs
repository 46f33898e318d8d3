namespace BeerTap.Processes;

/// <summary>Where a program may run. <c>taskset</c> turns into what it starts: the process stays the program's own, and what it starts stays there too.</summary>
internal static class Pinned
{
    /// <summary>What stands before a command.</summary>
    /// <param name="cores">None: wherever this process may.</param>
    public static string[] To(int[] cores) => cores.Length == 0 ? [] : ["taskset", "-c", string.Join(',', cores)];
}
