namespace BeerTap.Server.Storage;

/// <summary>The store could not do what was asked; the message says why in words for an operator.</summary>
internal sealed class StoreException(string message, Exception? inner = null, StoreFault fault = StoreFault.Unavailable) : Exception(message, inner)
{
    private const int NoSpace = 28, QuotaExceeded = 122, FileTooLarge = 27, WindowsDiskFull = unchecked((int)0x80070070);

    public StoreFault Fault { get; } = fault;

    /// <summary>What a fault of the file system means, by the numbers that Linux and Windows give it.</summary>
    public static StoreFault FaultOf(Exception fault) =>
        fault is IOException { HResult: NoSpace or QuotaExceeded or FileTooLarge or WindowsDiskFull } ? StoreFault.DiskFull : StoreFault.Unavailable;
}

/// <summary>What is the matter with a store, as far as a caller can be told.</summary>
internal enum StoreFault
{
    /// <summary>It does not work now; the log says why.</summary>
    Unavailable,

    /// <summary>The batch holds what the store cannot take; others can be committed.</summary>
    Refused,

    /// <summary>There is no room for more; what is there can be read.</summary>
    DiskFull,

    /// <summary>Another hub holds it.</summary>
    Held,

    /// <summary>The log that hubs share did not take it in time; it may come through later, and is then stored by every hub.</summary>
    LogUnavailable,

    /// <summary>What was asked for lies in a damaged part of its files.</summary>
    Damaged,

    /// <summary>Its files were deleted, moved or replaced while they are open; nothing is stored until they are back.</summary>
    Moved,
}
