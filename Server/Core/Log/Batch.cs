using System.Buffers.Binary;

namespace BeerTap.Server.Core.Log;

/// <summary>
/// Represents the unit of commit: entries, numbers of earlier entries whose content is erased, and a bookmark of whatever orders them. It
/// is in the log whole or not at all.
/// </summary>
/// <remarks>
/// The layout, little-endian: length (4) of the whole batch, CRC-32C (4) of what follows it, first number (8), identity (8) of its
/// segment, number of entries (4), number of redactions (4), length of the bookmark (4), zero (4); then the entries, the redacted numbers
/// (8 each) and the bookmark. An instance is used again for the next batch.
/// </remarks>
/// <param name="terms">
/// Asked for the terms of each entry as it is added: what it throws concerns that entry alone, before anything is written.
/// </param>
internal sealed class Batch(ITerms terms)
{
    public const int HeaderLength = 40;

    /// <summary>
    /// The most bytes of one batch. A larger one would hold up everything behind it, and a reader takes a batch into memory to check it.
    /// </summary>
    public const int MaxLength = 8 * 1024 * 1024;

    private readonly List<int> _starts = [];
    private readonly List<TermSet> _terms = [];
    private readonly List<long> _redactions = [];
    private byte[] _bytes = new byte[4096];
    private int _length = HeaderLength;
    private byte[] _bookmark = [];

    public int Count => _starts.Count;

    /// <summary>Gets the length of all of it.</summary>
    public int Length => _length + (_redactions.Count * sizeof(long)) + _bookmark.Length;

    /// <summary>Gets the numbers of the entries whose content is erased.</summary>
    public IReadOnlyList<long> Redactions => _redactions;

    /// <summary>Gets or sets the bookmark; empty when the batch has none.</summary>
    public byte[] Bookmark
    {
        get => _bookmark;
        set
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, SegmentHeader.MaxBookmark, nameof(value));
            _bookmark = value;
        }
    }

    public void Clear()
    {
        _starts.Clear();
        _redactions.Clear();
        (_length, _bookmark) = (HeaderLength, []);
    }

    /// <exception cref="LogException">The entry or the batch would be too large; the batch is as it was.</exception>
    public void Add(in NewEntry entry)
    {
        var length = LogEntry.LengthOf(entry);
        var fits = length <= LogEntry.MaxLength;
        if (!fits || _length + length > MaxLength)
        {
            throw new LogException(LogFault.TooLarge, fits
                ? $"A batch holds at most {MaxLength} bytes."
                : $"An entry holds at most {LogEntry.MaxLength} bytes; this one has {length}.");
        }

        Reserve((int)length);
        var written = LogEntry.Write(_bytes.AsSpan(_length), entry);
        if (_terms.Count == _starts.Count)
        {
            _terms.Add(new TermSet());
        }

        _terms[_starts.Count].Clear();
        terms.Of(new LogEntry(0, _bytes.AsMemory(_length, written)), _terms[_starts.Count]);
        _starts.Add(_length);
        _length += written;
    }

    /// <summary>
    /// Erases the content of an entry that is in the log: from this batch on it is read without body and private part, and its bytes are
    /// overwritten soon.
    /// </summary>
    public void Redact(long number) => _redactions.Add(number);

    /// <summary>Gets an entry by its place; the bytes are overwritten once the batch is cleared.</summary>
    public LogEntry Entry(int index, long firstNumber)
    {
        var end = index + 1 < _starts.Count ? _starts[index + 1] : _length;
        return new LogEntry(firstNumber + index, _bytes.AsMemory(_starts[index], end - _starts[index]));
    }

    public TermSet TermsOf(int index) => _terms[index];

    /// <summary>Gets where an entry begins within the batch.</summary>
    public int StartOf(int index) => _starts[index];

    /// <summary>Completes the header.</summary>
    public ReadOnlySpan<byte> Finish(long firstNumber, ulong segment)
    {
        Reserve(Length - _length);
        var batch = _bytes.AsSpan(0, Length);
        for (var i = 0; i < _redactions.Count; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(batch[(_length + (i * sizeof(long)))..], _redactions[i]);
        }

        _bookmark.CopyTo(batch[^_bookmark.Length..]);
        BinaryPrimitives.WriteInt32LittleEndian(batch, Length);
        BinaryPrimitives.WriteInt64LittleEndian(batch[8..], firstNumber);
        BinaryPrimitives.WriteUInt64LittleEndian(batch[16..], segment);
        BinaryPrimitives.WriteInt32LittleEndian(batch[24..], _starts.Count);
        BinaryPrimitives.WriteInt32LittleEndian(batch[28..], _redactions.Count);
        BinaryPrimitives.WriteInt32LittleEndian(batch[32..], _bookmark.Length);
        BinaryPrimitives.WriteInt32LittleEndian(batch[36..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(batch[4..], Checksum.Of(batch[8..]));
        return batch;
    }

    private void Reserve(int more)
    {
        if (_length + more > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_length + more, _bytes.Length * 2));
        }
    }
}
