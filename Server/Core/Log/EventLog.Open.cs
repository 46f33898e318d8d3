using System.Security.Cryptography;

namespace BeerTap.Server.Core.Log;

internal sealed partial class EventLog
{
    private const string EpochAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";
    private const int FirstSegmentBytes = 1024 * 1024;

    /// <summary>Gets how many bytes of a batch that was never acknowledged were cut off when the log was opened.</summary>
    public long CutBytes { get; }

    /// <summary>Opens the log of a folder, or creates one where there is none.</summary>
    /// <param name="epochOfNew">The epoch of a log that is created; null: a random one.</param>
    /// <param name="background">Where the file of the next segment is prepared; null: on the thread pool.</param>
    /// <exception cref="LogException">Something that was acknowledged is damaged or missing. No file was changed.</exception>
    /// <exception cref="IOException">The folder cannot be read or written.</exception>
    public static EventLog Open(
        ILogDisk disk, ITerms terms, LogOptions options, string? epochOfNew = null, TaskScheduler? background = null)
    {
        background ??= TaskScheduler.Default;
        var recovery = new Recovery(disk, terms);
        if (!recovery.Open())
        {
            // The mark comes first: a log without one cannot tell a torn batch from a damaged one.
            var salt = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));
            var header = new SegmentHeader(epochOfNew ?? NewEpoch(), 1, NewIdentity(), salt, 0, 0, default);
            var ofNew = AcknowledgedMark.Open(disk, header.Epoch, 0);
            var file = disk.Create(SegmentSupply.PreparedName, Math.Min(FirstSegmentBytes, options.SegmentBytes));
            recovery.Begin(Create(disk, file, header));
            return new EventLog(disk, terms, options, ofNew, recovery, background);
        }

        foreach (var name in recovery.Leftovers())
        {
            disk.Delete(name);
        }

        // A process that ended between a rename and its flush left a name that a power cut would still take.
        disk.FlushNames();

        var mark = AcknowledgedMark.Open(disk, recovery.Segments[^1].Header.Epoch, recovery.Segments[^1].Last);
        var log = new EventLog(disk, terms, options, mark, recovery, background);
        log.SealInBackground();
        return log;
    }

    /// <summary>Creates a name for a new log: 8 of 32 characters, so that two logs meet the same one once in 2^40.</summary>
    public static string NewEpoch() => RandomNumberGenerator.GetString(EpochAlphabet, SegmentHeader.EpochLength);

    private static OpenSegment Create(ILogDisk disk, ILogFile file, SegmentHeader header)
    {
        try
        {
            file.Write(header.ToBytes(), 0);
            file.Flush();
            var name = Recovery.NameOf(header.First);
            disk.Rename(SegmentSupply.PreparedName, name);
            disk.FlushNames();
            return new OpenSegment(header, name, file, new SegmentIndex(header.Salt));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
