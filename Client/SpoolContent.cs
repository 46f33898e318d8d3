using System.Buffers;
using System.Text.Json;

namespace BeerTap.Client;

/// <summary>One line of a spool: a pour that waits, or the id of one that no longer does.</summary>
internal sealed record SpoolRecord(Pour? Pour, string? Settled);

/// <summary>One line of the file beside a spool: a pour that the hub refused for good, and why.</summary>
internal sealed record RejectedPour(Pour Pour, string Why);

/// <summary>What a spool file holds. <c>GoodBytes</c> is where its last whole line ends.</summary>
internal sealed record SpoolContent(IReadOnlyList<Pour> Waiting, int Lines, int GoodBytes)
{
    private static readonly byte[] LineEnd = "\n"u8.ToArray();

    /// <summary>The first line: without it a file is somebody else's and is left alone.</summary>
    public static ReadOnlySpan<byte> Header => "{\"spool\":\"beertap\",\"version\":1}\n"u8;

    public static void WriteLine(IBufferWriter<byte> buffer, SpoolRecord record)
    {
        using (var json = new Utf8JsonWriter(buffer))
        {
            JsonSerializer.Serialize(json, record, ClientJson.Default.SpoolRecord);
        }

        buffer.Write(LineEnd);
    }

    /// <summary>
    /// Reads a spool that may have been torn at any byte: broken lines at the end were never reported as kept and are left
    /// out. A broken line with whole ones behind it is damage of another kind, and is for a person to look at.
    /// </summary>
    public static SpoolContent Read(ReadOnlySpan<byte> bytes, string path)
    {
        if (!bytes.StartsWith(Header))
        {
            return Header.StartsWith(bytes)
                ? new SpoolContent([], 0, 0)
                : throw new SpoolException($"{path} is not a spool of this client (version 1): name another file");
        }

        var waiting = new Dictionary<string, Pour>();
        var kept = new List<Pour>();
        var lines = 0;
        var lineNumber = 1;
        var brokenLine = 0;
        var good = Header.Length;
        for (var start = good; start < bytes.Length;)
        {
            var length = bytes[start..].IndexOf(LineEnd);
            if (length < 0)
            {
                break;
            }

            lineNumber++;
            if (Parse(bytes.Slice(start, length)) is not { } record)
            {
                brokenLine = brokenLine == 0 ? lineNumber : brokenLine;
            }
            else if (brokenLine > 0)
            {
                throw new SpoolException($"line {brokenLine} of the spool {path} is damaged: mend it, or move the file away");
            }
            else
            {
                Apply(record);
                good = start + length + 1;
            }

            start += length + 1;
        }

        return new SpoolContent(kept.Where(pour => waiting.ContainsKey(pour.PourId)).ToList(), lines, good);

        void Apply(SpoolRecord record)
        {
            lines++;
            if (record.Pour is { } pour && waiting.TryAdd(pour.PourId, pour))
            {
                kept.Add(pour);
            }
            else if (record.Settled is { } id)
            {
                waiting.Remove(id);
            }
        }
    }

    private static SpoolRecord? Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            var record = JsonSerializer.Deserialize(line, ClientJson.Default.SpoolRecord);
            return record is { Pour: { PourId: not null } } or { Settled: not null } ? record : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
