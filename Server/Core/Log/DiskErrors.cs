namespace BeerTap.Server.Core.Log;

/// <summary>What errors of the file system mean, by the numbers that Linux and Windows give them.</summary>
internal static class DiskErrors
{
    private const int NoSpace = 28, QuotaExceeded = 122, FileTooLarge = 27, WindowsDiskFull = unchecked((int)0x80070070);

    public static bool IsFull(Exception ex) => ex is IOException { HResult: NoSpace or QuotaExceeded or FileTooLarge or WindowsDiskFull };
}
