namespace BeerTap.Server.Core.Log;

/// <summary>
/// Says under which terms an entry is found later (a tap, a glass type). The same entry always has the same terms: they are worked out
/// again when a segment is read after a restart.
/// </summary>
internal interface ITerms
{
    /// <summary>Adds the entry's terms, each at most 255 bytes.</summary>
    void Of(in LogEntry entry, TermSet terms);
}

/// <summary>The terms of one entry; used again for the next.</summary>
internal sealed class TermSet
{
    private readonly List<(int Start, int Length)> _terms = [];
    private byte[] _bytes = new byte[256];
    private int _length;

    public int Count => _terms.Count;

    public ReadOnlySpan<byte> this[int index] => _bytes.AsSpan(_terms[index].Start, _terms[index].Length);

    public void Add(ReadOnlySpan<byte> term)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(term.Length, byte.MaxValue);
        if (_length + term.Length > _bytes.Length)
        {
            Array.Resize(ref _bytes, _bytes.Length * 2);
        }

        term.CopyTo(_bytes.AsSpan(_length));
        _terms.Add((_length, term.Length));
        _length += term.Length;
    }

    public void Clear()
    {
        _terms.Clear();
        _length = 0;
    }
}
