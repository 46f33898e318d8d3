using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace BeerTap;

/// <summary>Which file it is, whatever its name: device and inode. Known on Linux; elsewhere only whether a file is there is known.</summary>
internal readonly record struct FileIdentity(uint DeviceMajor, uint DeviceMinor, ulong Inode)
{
    private const int NotPermitted = 1, NotFound = 2, Interrupted = 4, NotAFolder = 20, NoSuchCall = 38;
    private const int WorkingFolder = -100, OfTheHandle = 0x1000;
    private const uint BasicFields = 0x7ff;
    private const int Length = 256;

    /// <summary>What a path names; null when it names nothing, or the system does not say.</summary>
    /// <param name="fault">Why it cannot be looked at; null when there is no such file.</param>
    public static FileIdentity? Of(string path, out string? fault)
    {
        fault = null;
        if (!OperatingSystem.IsLinux()) return File.Exists(path) ? default(FileIdentity) : null;
        var fields = new byte[Length];
        var number = Look(() => Status(WorkingFolder, path, 0, BasicFields, fields));
        if (number == 0) return Read(fields);
        if (number is NoSuchCall or NotPermitted) return default(FileIdentity);
        if (number is not (NotFound or NotAFolder)) fault = Marshal.GetPInvokeErrorMessage(number);
        return null;
    }

    /// <summary>The file that is open.</summary>
    /// <exception cref="IOException">The system does not say.</exception>
    public static FileIdentity Of(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux()) return default;
        var (fields, added) = (new byte[Length], false);
        try
        {
            file.DangerousAddRef(ref added);
            var descriptor = (int)file.DangerousGetHandle();
            var number = Look(() => Status(descriptor, "", OfTheHandle, BasicFields, fields));
            if (number is NoSuchCall or NotPermitted) return default;
            if (number == 0) return Read(fields);
            throw new IOException($"The open file cannot be looked at: {Marshal.GetPInvokeErrorMessage(number)}", number);
        }
        finally
        {
            if (added) file.DangerousRelease();
        }
    }

    /// <summary>Gives the system's number for a fault; 0: it was done. A sandbox may forbid the call, and an old C library may lack it.</summary>
    private static int Look(Func<int> call)
    {
        try
        {
            while (call() != 0)
            {
                var number = Marshal.GetLastPInvokeError();
                if (number != Interrupted) return number;
            }

            return 0;
        }
        catch (EntryPointNotFoundException)
        {
            return NoSuchCall;
        }
    }

    // struct statx: the inode at 32, the device's two numbers at 136, the same on every architecture.
    private static FileIdentity Read(ReadOnlySpan<byte> fields) =>
        new(MemoryMarshal.Read<uint>(fields[136..]), MemoryMarshal.Read<uint>(fields[140..]), MemoryMarshal.Read<ulong>(fields[32..]));

    [DllImport("libc", EntryPoint = "statx", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Status(
        int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] fields);
}
