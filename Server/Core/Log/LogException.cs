namespace BeerTap.Server.Core.Log;

/// <summary>Represents a failure of the log. The message says what failed and, where an operator can act, what to do.</summary>
internal sealed class LogException(LogFault fault, string message, Exception? inner = null) : Exception(message, inner)
{
    public LogFault Fault { get; } = fault;
}

internal enum LogFault
{
    /// <summary>
    /// The batch was not flushed. It may still reach the disk, but no restart will show it unless the process ends before the next append:
    /// the answer to its callers is that the outcome is unknown.
    /// </summary>
    NotFlushed,

    /// <summary>No space is left for the batch; nothing of it is in the log.</summary>
    DiskFull,

    /// <summary>A batch that was acknowledged cannot be read, or its file is missing.</summary>
    Damaged,

    /// <summary>An entry or a batch is larger than the log takes.</summary>
    TooLarge,
}
