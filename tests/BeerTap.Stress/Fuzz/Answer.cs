using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace BeerTap.Stress.Fuzz;

/// <summary>One HTTP answer, taken apart by hand: what is not well-formed is a finding.</summary>
internal sealed class Answer
{
    private string _head = "";

    public int Status { get; private init; }

    public byte[] Body { get; private set; } = [];

    /// <summary>The connection ends behind it.</summary>
    public bool Closes => Header("Connection")?.Contains("close", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>A connection that has become a socket or a stream: what follows is not of HTTP's making.</summary>
    public bool GoesOn { get; private set; }

    /// <summary>A refusal in the words of SignalR itself, which speaks to its own clients behind the hub's back.</summary>
    public bool IsSignalRs => Status is 400 or 404 && MediaType == "text/plain" && Encoding.ASCII.GetString(Body) is "Connection ID required" or "No Connection with that ID";

    public string? MediaType => Header("Content-Type")?.Split(';')[0];

    public JsonObject Json => JsonNode.Parse(Body)!.AsObject();

    /// <summary>The last part of the problem's type; empty when there is none.</summary>
    public string Problem
    {
        get
        {
            const string Prefix = "urn:beertap:problem:";
            if (MediaType != "application/problem+json") return "";
            var type = (string?)Json["type"] ?? "";
            return type.StartsWith(Prefix, StringComparison.Ordinal) ? type[Prefix.Length..] : "";
        }
    }

    /// <summary>The fields that a problem finds fault with, in order.</summary>
    public string Faults => Json["errors"] is JsonObject errors ? string.Join(',', errors.Select(fault => fault.Key).Order(StringComparer.Ordinal)) : "";

    public string? Header(string name)
    {
        var at = _head.IndexOf($"\r\n{name}: ", StringComparison.OrdinalIgnoreCase);
        if (at < 0) return null;
        at += name.Length + 4;
        return _head[at.._head.IndexOf("\r\n", at, StringComparison.Ordinal)];
    }

    /// <summary>Takes one answer from the front of the bytes.</summary>
    /// <returns>How many bytes it took; 0 when it is not whole yet.</returns>
    /// <exception cref="FormatException">It is no HTTP.</exception>
    public static int Take(ReadOnlySpan<byte> bytes, bool toHead, bool ended, out Answer answer)
    {
        answer = null!;
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0) return 0;
        var head = Encoding.Latin1.GetString(bytes[..(end + 2)]);
        if (!head.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) || head.Length < 13
            || !int.TryParse(head.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var status) || status is < 100 or > 599)
            throw new FormatException($"no status line: {head}");
        answer = new Answer { Status = status, _head = head };
        var from = end + 4;
        if (toHead || status is 204 or 304 or (>= 100 and < 200))
        {
            answer.GoesOn = status == 101;
            return from;
        }

        if (answer.Header("Transfer-Encoding") is { } coding)
        {
            if (coding != "chunked") throw new FormatException($"a coding nobody asked for: {coding}");
            answer.GoesOn = answer.MediaType == "text/event-stream";
            return answer.GoesOn ? from : answer.TakeChunks(bytes, from);
        }

        if (answer.Header("Content-Length") is { } length)
        {
            if (!int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var size)) throw new FormatException($"no length: {length}");
            if (bytes.Length < from + size) return 0;
            answer.Body = bytes.Slice(from, size).ToArray();
            return from + size;
        }

        // HTTP/1.0 knows no chunks: the end of the connection is the end of the body.
        if (!answer.Closes) throw new FormatException("neither a length, nor chunks, nor a close");
        if (!ended) return 0;
        answer.Body = bytes[from..].ToArray();
        return bytes.Length;
    }

    private int TakeChunks(ReadOnlySpan<byte> bytes, int from)
    {
        var body = new List<byte>();
        while (true)
        {
            var line = bytes[from..].IndexOf("\r\n"u8);
            if (line < 0) return 0;
            if (!int.TryParse(bytes.Slice(from, line), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var size)) throw new FormatException("no chunk size");
            from += line + 2;
            if (bytes.Length < from + size + 2) return 0;
            if (bytes[from + size] != '\r' || bytes[from + size + 1] != '\n') throw new FormatException("a chunk that does not end");
            body.AddRange(bytes.Slice(from, size));
            from += size + 2;
            if (size > 0) continue;
            Body = [.. body];
            return from;
        }
    }
}
