using System.Buffers.Binary;
using System.Text;

namespace BeerTap.Server.Core.Log;

/// <summary>
/// Keeps the highest acknowledged log number in a file of its own. It tells a batch that was torn before anyone heard of it from one that
/// was acknowledged and then damaged.
/// </summary>
/// <remarks>
/// It is written after each flush of the log and before the answers, but not flushed itself, which would double the price of a commit.
/// After a kill it is exact, since the system keeps what was written; after a power cut it may be older than the last answer, never
/// newer. Two slots in sectors of their own are written in turn, so that one is always whole.
/// </remarks>
internal sealed class AcknowledgedMark : IDisposable
{
    public const string FileName = "beertap.mark";

    private const int Slots = 2, SlotDistance = 512, SlotLength = 40;

    private readonly ILogFile _file;
    private readonly byte[] _epoch;
    private long _turn;

    private AcknowledgedMark(ILogFile file, string epoch, long turn)
    {
        (_file, _turn) = (file, turn);
        _epoch = Encoding.ASCII.GetBytes(epoch);
    }

    private static ReadOnlySpan<byte> Magic => "BEERMRK2"u8;

    /// <summary>Gets the newest mark, or null when there is none that is intact.</summary>
    public static Mark? Read(ILogDisk disk)
    {
        if (!disk.List().Contains(FileName))
        {
            return null;
        }

        using var file = disk.Open(FileName);
        return Newest(file)?.Mark;
    }

    /// <summary>Opens the mark of a log, creating it where it is missing, and makes this number survive a power cut.</summary>
    public static AcknowledgedMark Open(ILogDisk disk, string epoch, long number)
    {
        var isNew = !disk.List().Contains(FileName);
        var file = isNew ? disk.Create(FileName, Slots * SlotDistance) : disk.Open(FileName);
        try
        {
            var mark = new AcknowledgedMark(file, epoch, Newest(file)?.Turn ?? 0);
            mark.Write(number);
            mark.Flush();
            if (isNew)
            {
                disk.FlushNames();
            }

            return mark;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Write(long number)
    {
        Span<byte> slot = stackalloc byte[SlotLength];
        slot.Clear();
        Magic.CopyTo(slot);
        BinaryPrimitives.WriteInt64LittleEndian(slot[8..], ++_turn);
        _epoch.CopyTo(slot[16..]);
        BinaryPrimitives.WriteInt64LittleEndian(slot[24..], number);
        BinaryPrimitives.WriteUInt32LittleEndian(slot[32..], Checksum.Of(slot[..32]));
        _file.Write(slot, _turn % Slots * SlotDistance);
    }

    public void Flush() => _file.Flush();

    public void Dispose() => _file.Dispose();

    private static (Mark Mark, long Turn)? Newest(ILogFile file)
    {
        (Mark Mark, long Turn)? newest = null;
        Span<byte> slot = stackalloc byte[SlotLength];
        for (var i = 0; i < Slots; i++)
        {
            if (file.Read(slot, i * SlotDistance) < SlotLength || !slot.StartsWith(Magic)
                || BinaryPrimitives.ReadUInt32LittleEndian(slot[32..]) != Checksum.Of(slot[..32]))
            {
                continue;
            }

            var turn = BinaryPrimitives.ReadInt64LittleEndian(slot[8..]);
            if (newest is null || turn > newest.Value.Turn)
            {
                var epoch = Encoding.ASCII.GetString(slot.Slice(16, SegmentHeader.EpochLength));
                newest = (new Mark(epoch, BinaryPrimitives.ReadInt64LittleEndian(slot[24..])), turn);
            }
        }

        return newest;
    }

    internal readonly record struct Mark(string Epoch, long Number);
}
