using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace BeerTap.Bench.Load;

/// <summary>One caller that waits for each answer before it asks again; on a bare socket, so that what is timed is the server.</summary>
internal sealed class Probe : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly string _host;
    private byte[] _answer = new byte[64 * 1024];

    public Probe(int port)
    {
        _host = $"127.0.0.1:{port}";
        _socket.Connect(IPAddress.Loopback, port);
    }

    /// <summary>The median time of an answer in milliseconds, after half as many calls to warm up.</summary>
    public double Time(int calls, Func<int, string> call)
    {
        var times = new long[calls];
        for (var i = -calls / 2; i < calls; i++)
        {
            var began = Stopwatch.GetTimestamp();
            Ask(call(i));
            if (i >= 0) times[i] = Stopwatch.GetTimestamp() - began;
        }

        Array.Sort(times);
        return times[calls / 2] * 1000.0 / Stopwatch.Frequency;
    }

    public static string Get(string path) => $"GET {path}";

    /// <summary>Head and body of the answer.</summary>
    /// <param name="call">A method and a path, and after a space the body, if there is one.</param>
    public (string Head, string Body) Ask(string call)
    {
        var words = call.Split(' ', 3);
        var body = words.Length > 2 ? words[2] : "";
        var type = body.Length > 0 ? $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n" : "";
        _socket.Send(Encoding.ASCII.GetBytes($"{words[0]} {words[1]} HTTP/1.1\r\nHost: {_host}\r\n{type}\r\n{body}"));
        for (var length = 0; ;)
        {
            if (length == _answer.Length) Array.Resize(ref _answer, length * 2);
            var read = _socket.Receive(_answer.AsSpan(length));
            if (read == 0) throw new InvalidOperationException($"No answer to {call}");
            length += read;
            var answer = _answer.AsSpan(0, length);
            if (!Poster.IsComplete(answer)) continue;
            if (answer[9] != '2') throw new InvalidOperationException($"{call} was answered {Encoding.UTF8.GetString(answer)}");
            var end = answer.IndexOf("\r\n\r\n"u8);
            return (Encoding.UTF8.GetString(answer[..end]), Encoding.UTF8.GetString(answer[(end + 4)..]));
        }
    }

    /// <summary>The length of the body of the answer, without the lengths of its chunks.</summary>
    public long BodyBytes(string path)
    {
        var (head, body) = Ask(Get(path));
        if (!head.Contains("chunked", StringComparison.OrdinalIgnoreCase)) return body.Length;
        return body.Split("\r\n").Where((_, line) => line % 2 == 0).Sum(size => long.TryParse(size, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var bytes) ? bytes : 0);
    }

    public void Dispose() => _socket.Dispose();
}
