using System.Buffers.Text;
using System.Text;

namespace BeerTap.Bench.Load;

/// <summary>One connection, kept alive, with at most one post under way.</summary>
internal sealed class Poster(int socket, PourRequest request, PourBook book)
{
    private byte[] _answer = new byte[4096];
    private int _length, _first;

    public int Socket { get; } = socket;

    public bool IsBusy { get; private set; }

    public string? Fault { get; private set; }

    public void Post(long due)
    {
        _first = book.Next(request.Pours, due);
        IsBusy = true;
        Wire.Send(Socket, request.From(_first));
    }

    /// <summary>Reads; true when the answer is complete.</summary>
    public bool Receive(bool broken, long now)
    {
        if (_answer.Length - _length < 2048) Array.Resize(ref _answer, _answer.Length * 4);
        var read = Wire.Receive(Socket, _answer.AsSpan(_length));
        if (read == 0 || (read < 0 && broken)) Fault ??= "the server closed the connection of a poster";
        if (read <= 0) return false;
        _length += read;
        var answer = _answer.AsSpan(0, _length);
        if (!IsComplete(answer)) return false;
        var good = answer[9] == '2' && (!request.IsBatch || answer.Count("\"status\":201"u8) == request.Pours);
        if (good)
        {
            book.Acknowledge(_first, request.Pours, now);
        }
        else
        {
            book.Refuse(request.Pours);
            Fault ??= "a post was answered: " + Encoding.UTF8.GetString(answer[..Math.Min(answer.Length, 300)]);
        }

        (_length, IsBusy) = (0, false);
        return true;
    }

    /// <summary>Whether this is the whole of an answer.</summary>
    public static bool IsComplete(ReadOnlySpan<byte> answer)
    {
        var end = answer.IndexOf("\r\n\r\n"u8);
        if (end < 0) return false;
        var head = answer[..(end + 2)];
        var length = head.IndexOf("Content-Length: "u8);
        if (length < 0) return head.IndexOf("chunked"u8) < 0 || answer.EndsWith("\r\n0\r\n\r\n"u8);
        return Utf8Parser.TryParse(head[(length + 16)..], out int bytes, out _) && answer.Length >= end + 4 + bytes;
    }
}
