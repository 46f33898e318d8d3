using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace BeerTap.Server.Storage;

/// <summary>How far a store had got when it last answered: what a store that was opened again must still hold.</summary>
/// <param name="Epoch">The store's epoch.</param>
/// <param name="Head">The last position number that was acknowledged.</param>
/// <param name="LogId">For a store with a log file of its own: which generation of it.</param>
/// <param name="LogLength">How much of that log file was flushed, in the store's own unit; 0 when the store was closed in order.</param>
/// <param name="Closing">The log file was about to be emptied in order.</param>
internal readonly record struct Mark(string Epoch, long Head, ulong LogId = 0, long LogLength = 0, bool Closing = false);

/// <summary>
/// The mark in a file of its own, so that a store whose newest part was cut off cannot pass for a whole one. It is written after each commit
/// and before the answer, but not flushed: that would double the price of a commit.
/// </summary>
/// <remarks>
/// After a kill the mark is exact, since the system keeps what was written. After a power cut it may be as old as the last
/// <see cref="Flush"/>, so it never claims what the store did not have. Two slots are written in turn, in sectors of their own: one is always whole.
/// </remarks>
internal sealed class HighWaterMark : IDisposable
{
    public const string FileName = "beertap.mark";

    private const int Slots = 2, SlotDistance = 512, SlotLength = 56;
    private const ulong Magic = 0x314B52414D505442; // "BTPMARK1"
    private const int LongestEpoch = 8;

    private readonly SafeFileHandle _file;
    private long _turn;

    private HighWaterMark(SafeFileHandle file, long turn) => (_file, _turn) = (file, turn);

    /// <summary>The mark, or null when no slot of the file can be believed.</summary>
    public static Mark? Read(string path) => ReadNewest(path)?.Mark;

    /// <summary>Makes a mark, or goes on with the one that is there.</summary>
    public static HighWaterMark Open(StoreFolder folder, Mark mark)
    {
        var path = folder.File(FileName);
        var before = File.Exists(path) ? ReadNewest(path) : null;
        var isNew = !File.Exists(path);
        var opened = new HighWaterMark(File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read), before?.Turn ?? 0);
        try
        {
            opened.Write(mark);
            opened.Write(mark);
            opened.Flush();
            if (isNew) folder.FlushNames();
            folder.Files.Add(path, opened._file);
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    public void Write(Mark mark)
    {
        Span<byte> slot = stackalloc byte[SlotLength];
        slot.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(slot, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(slot[8..], ++_turn);
        Encoding.ASCII.GetBytes(mark.Epoch.AsSpan(0, Math.Min(mark.Epoch.Length, LongestEpoch)), slot[16..]);
        BinaryPrimitives.WriteInt64LittleEndian(slot[24..], mark.Head);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[32..], mark.LogId);
        BinaryPrimitives.WriteInt64LittleEndian(slot[40..], mark.Closing ? -mark.LogLength - 1 : mark.LogLength);
        BinaryPrimitives.WriteUInt32LittleEndian(slot[48..], Sum(slot));
        RandomAccess.Write(_file, slot, _turn % Slots * SlotDistance);
    }

    public void Flush() => Disk.Flush(_file);

    public void Dispose() => _file.Dispose();

    private static (Mark Mark, long Turn)? ReadNewest(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        (Mark Mark, long Turn)? newest = null;
        Span<byte> slot = stackalloc byte[SlotLength];
        for (var i = 0; i < Slots; i++)
        {
            if (RandomAccess.Read(file, slot, i * SlotDistance) < SlotLength || BinaryPrimitives.ReadUInt64LittleEndian(slot) != Magic) continue;
            if (BinaryPrimitives.ReadUInt32LittleEndian(slot[48..]) != Sum(slot)) continue;
            var turn = BinaryPrimitives.ReadInt64LittleEndian(slot[8..]);
            if (newest?.Turn > turn) continue;
            var length = BinaryPrimitives.ReadInt64LittleEndian(slot[40..]);
            newest = (new Mark(
                Encoding.ASCII.GetString(slot.Slice(16, LongestEpoch)).TrimEnd('\0'),
                BinaryPrimitives.ReadInt64LittleEndian(slot[24..]),
                BinaryPrimitives.ReadUInt64LittleEndian(slot[32..]),
                length < 0 ? -length - 1 : length,
                length < 0), turn);
        }

        return newest;
    }

    private static uint Sum(ReadOnlySpan<byte> slot)
    {
        var sum = uint.MaxValue;
        foreach (var value in slot[..48]) sum = BitOperations.Crc32C(sum, value);
        return sum;
    }
}
