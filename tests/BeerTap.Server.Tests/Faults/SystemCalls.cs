using System.Globalization;
using System.Text.RegularExpressions;

namespace BeerTap.Server.Tests.Faults;

/// <summary>One call as strace saw it: when it began and ended, in the order of the trace, and its arguments as text.</summary>
internal sealed record SystemCall(long Began, long Ended, string Name, string Arguments, long Result)
{
    public int FirstNumber => int.Parse(Arguments.AsSpan(0, Arguments.IndexOf(',', StringComparison.Ordinal) is > 0 and var end ? end : Arguments.Length), CultureInfo.InvariantCulture);
}

/// <summary>Reads a trace of <c>strace -f -xx</c>, joining calls that others interrupted.</summary>
internal static partial class SystemCalls
{
    public const string Traced = "openat,close,lseek,write,writev,pwrite64,pwritev,sendto,sendmsg,fsync,fdatasync,ftruncate,unlink,rename";

    /// <summary>
    /// The calls that succeeded, in the order in which they ended. Also what was being sent when the process was killed: the other side may have
    /// it, though the call never came back.
    /// </summary>
    public static IEnumerable<SystemCall> Read(string trace)
    {
        var begun = new Dictionary<string, (long Line, string Text)>();
        var number = 0L;
        foreach (var line in File.ReadLines(trace))
        {
            number++;
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space < 0) continue;
            var (thread, text, began) = (line[..space], line[space..].TrimStart(), number);
            if (text.EndsWith("<unfinished ...>", StringComparison.Ordinal))
            {
                begun[thread] = (number, text[..^"<unfinished ...>".Length]);
                continue;
            }

            if (Resumed().Match(text) is { Success: true } resumed)
            {
                if (!begun.Remove(thread, out var first)) continue;
                (text, began) = (first.Text + text[resumed.Length..], first.Line);
            }

            var (open, close) = (text.IndexOf('(', StringComparison.Ordinal), text.LastIndexOf(") ", StringComparison.Ordinal));
            if (open < 1 || close < open) continue;
            var result = text[close..].Contains("= ?", StringComparison.Ordinal) && IsSending(text) ? 0 : ResultOf(text[close..]);
            if (result is >= 0) yield return new SystemCall(began, number, text[..open], text[(open + 1)..close].TrimEnd(), result.Value);
        }

        foreach (var (line, text) in begun.Values)
        {
            var open = text.IndexOf('(', StringComparison.Ordinal);
            if (IsSending(text)) yield return new SystemCall(line, ++number, text[..open], text[(open + 1)..], 0);
        }
    }

    private static bool IsSending(string text) => text.StartsWith("send", StringComparison.Ordinal);

    /// <summary>The bytes of all string arguments, one behind the other.</summary>
    public static byte[] Bytes(string arguments)
    {
        var bytes = new List<byte>(arguments.Length / 4);
        for (var at = arguments.IndexOf("\\x", StringComparison.Ordinal); at >= 0 && at + 3 < arguments.Length; at++)
        {
            if (arguments[at] != '\\') continue;
            bytes.Add(byte.Parse(arguments.AsSpan(at + 2, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            at += 3;
        }

        return [.. bytes];
    }

    private static long? ResultOf(string text) =>
        Result().Match(text) is { Success: true } match && long.TryParse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out var result) ? result : null;

    [GeneratedRegex(@"^<\.\.\. \w+ resumed>\s?")]
    private static partial Regex Resumed();

    [GeneratedRegex(@"=\s+(-?\d+)")]
    private static partial Regex Result();
}
