namespace BeerTap.Server.Core.Log;

/// <summary>The folder of the log as the log uses it. The log assumes no more of a disk than what is promised here.</summary>
internal interface ILogDisk
{
    /// <summary>Gets the names of the files that are there.</summary>
    IReadOnlyList<string> List();

    /// <summary>
    /// Creates a file of zeros, or replaces the one of that name. Its bytes, but not its name, are flushed when this returns.
    /// </summary>
    ILogFile Create(string name, long length);

    ILogFile Open(string name);

    /// <summary>Renames a file, over another one if there is one of the new name. An open file stays open.</summary>
    void Rename(string from, string to);

    void Delete(string name);

    /// <summary>Makes every name that was created, renamed or deleted before survive a power cut.</summary>
    /// <exception cref="IOException">It is not known which of the changes survive.</exception>
    void FlushNames();
}

/// <summary>An open file of the log. Reads may run beside each other and beside one writer.</summary>
internal interface ILogFile : IDisposable
{
    long Length { get; }

    /// <summary>Reads until the buffer is full or the file ends.</summary>
    /// <returns>The number of bytes read.</returns>
    int Read(Span<byte> buffer, long offset);

    void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Makes everything written before survive a power cut.</summary>
    /// <exception cref="IOException">It is not known what survives, and reading it back proves nothing: the page cache answers.</exception>
    void Flush();
}
