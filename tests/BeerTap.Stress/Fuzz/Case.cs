using System.Text;

namespace BeerTap.Stress.Fuzz;

/// <summary>One request and what its answer must be.</summary>
/// <param name="Bytes">All that goes over the wire.</param>
/// <param name="Judge">What is wrong with the answer, or null.</param>
internal sealed record Case(byte[] Bytes, Func<Answer, string?> Judge)
{
    public bool IsHead => Bytes.AsSpan().StartsWith("HEAD "u8);

    /// <summary>A request that is well-formed HTTP whatever its target and body say.</summary>
    /// <param name="id">Comes back in the answer: tells that it is the answer to this request.</param>
    public static Case Of(string method, string target, string id, string headers, byte[]? body, Func<Answer, string?> judge)
    {
        var length = body is null ? "" : $"Content-Length: {body.Length}\r\n";
        var head = Encoding.Latin1.GetBytes($"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-ID: {id}\r\n{headers}{length}\r\n");
        return new Case([.. head, .. body ?? []], answer =>
            answer.Header("X-Request-ID") != id ? $"it is the answer to {answer.Header("X-Request-ID") ?? "nobody"}"
            : FaultOf(answer, method == "HEAD") ?? judge(answer));
    }

    /// <summary>What no answer of the hub may be: a 5xx, or a refusal that is no problem.</summary>
    public static string? FaultOf(Answer answer, bool toHead = false)
    {
        if (answer.Status >= 500) return "the hub failed";
        if (answer.Status < 400 || toHead || answer.IsSignalRs) return null;
        if (answer.Problem.Length == 0) return "a refusal without a type";
        if ((int?)answer.Json["status"] != answer.Status) return "a problem of another status";
        return answer.Status == 401 && answer.Header("WWW-Authenticate") is null ? "a 401 that does not say how" : null;
    }

    /// <summary>The bytes as they can be typed again, the long ones cut.</summary>
    public static string Escape(ReadOnlySpan<byte> bytes)
    {
        const int Most = 4_000;
        var text = new StringBuilder();
        foreach (var value in bytes[..Math.Min(Most, bytes.Length)])
        {
            text.Append(value switch
            {
                (byte)'\\' => "\\\\",
                (byte)'\r' => "\\r",
                (byte)'\n' => "\\n",
                >= 0x20 and < 0x7f => ((char)value).ToString(),
                _ => $"\\x{value:x2}",
            });
        }

        return bytes.Length > Most ? $"{text}… ({bytes.Length} bytes)" : text.ToString();
    }
}
