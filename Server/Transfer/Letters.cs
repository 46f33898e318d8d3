using System.Text;

namespace BeerTap.Server.Transfer;

/// <summary>The characters of a file of any size, with the number of the line they stand in.</summary>
internal sealed class Letters(TextReader reader)
{
    public const int End = -1;

    private readonly char[] _buffer = new char[16 * 1024];
    private readonly StringBuilder _line = new();
    private int _at;
    private int _length;

    /// <summary>The number of the line that the next character stands in, from 1.</summary>
    public long Line { get; private set; } = 1;

    public int Peek()
    {
        if (_at == _length) (_at, _length) = (0, reader.Read(_buffer));
        return _at == _length ? End : _buffer[_at];
    }

    public int Read()
    {
        var letter = Peek();
        if (letter == End) return End;
        _at++;
        if (letter == '\n') Line++;
        return letter;
    }

    /// <summary>The rest of the line, without its end; null at the end of the file. Beyond <paramref name="most"/> characters it is passed over.</summary>
    public string? ReadLine(int most)
    {
        if (Peek() == End) return null;
        _line.Clear();
        for (var letter = Read(); letter is not (End or '\n'); letter = Read())
        {
            if (_line.Length <= most) _line.Append((char)letter);
        }

        return _line.Length > 0 && _line[^1] == '\r' ? _line.ToString(0, _line.Length - 1) : _line.ToString();
    }
}
